import numpy as np
from hypothesis import given

from converters import Ann, Node, macs, ops
from converters.ann.apply import apply
from converters.testing import anns


@given(anns())
def test_a_mac_is_a_product_with_an_existing_pixel(ann):
    """With ones everywhere, the sum of a convolution's output counts its products."""
    expected = {}
    for node in ann.nodes:
        ones = np.ones((1, *ann.shapes[node.inputs[0]]))
        match node.op:
            case ops.Conv2d() as op:
                bare = ops.Conv2d(
                    np.ones_like(op.weight), None, op.stride, op.padding, op.dilation, op.groups
                )
                expected[node.name] = apply(bare, ones).sum()
            case ops.Linear() as op:
                expected[node.name] = apply(ops.Linear(np.ones_like(op.weight)), ones).sum()
    assert macs(ann) == expected
    assert all(isinstance(count, int) for count in macs(ann).values())


def test_borders_by_hand():
    """3 x 3 on 4 x 4 with padding 1: rows and columns of the kernel inside are 2, 3, 3, 2."""
    ann = Ann((2, 4, 4), (Node("conv", ops.Conv2d(np.zeros((5, 2, 3, 3)), padding=1)),))
    assert macs(ann) == {"conv": 5 * 2 * 10 * 10}
