"""Every operation of an ANN is its formula, without PyTorch to compare with."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_operations import value
from profiles import examples

from converters import activations
from converters.testing import anns, images


@settings(max_examples=examples(100))
@given(ann=anns(), data=st.data())
def test_values_are_their_formulas(ann, data):
    x = data.draw(images(ann, count=1))
    found = activations(ann, x, ("input", *ann.by_name), dtype=np.float64)
    for node in ann.nodes:
        # from what the network has found so far: the node that differs is the one at fault
        expected = value(node.op, *(found[name][0] for name in node.inputs))
        np.testing.assert_allclose(
            found[node.name][0], expected, rtol=1e-12, atol=1e-12, err_msg=node.name
        )
