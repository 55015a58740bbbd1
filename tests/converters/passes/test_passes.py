import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters import (
    Ann,
    Node,
    activation_quantiles,
    activations,
    fold_batch_norm,
    forward,
    max_pool_before_concat,
    ops,
    relu_before_max_pool,
)
from converters.testing import anns, images
from eventsnn import ConversionError, InputError

NORM = ops.BatchNorm([2.0, -3.0], [0.5, 1.0], [1.0, -1.0], [3.0, 0.25], eps=1.0)


def conv(**options):
    return ops.Conv2d(np.arange(18.0).reshape(2, 1, 3, 3), **options)


def same_answers(a, b, x):
    np.testing.assert_allclose(
        forward(a, x, dtype=np.float64), forward(b, x, dtype=np.float64), rtol=1e-9, atol=1e-9
    )


@given(st.data())
def test_folding_keeps_the_answer(data):
    ann = data.draw(anns())
    folded = fold_batch_norm(ann)
    same_answers(ann, folded, data.draw(images(ann)))
    assert fold_batch_norm(folded) == folded
    for node in folded.nodes:
        if isinstance(node.op, ops.BatchNorm):
            source = folded.by_name.get(node.inputs[0])
            shared = len(folded.consumers[node.inputs[0]]) > 1
            assert source is None or shared or not isinstance(source.op, ops.Conv2d | ops.Linear)


@pytest.mark.parametrize("bias", [None, np.array([1.0, 2.0])])
def test_folding_by_hand(bias):
    """k = (2 / 2, -3 / sqrt(1.25)); b' = k (b - mean) + beta."""
    ann = Ann((1, 3, 3), (Node("c", conv(bias=bias)), Node("n", NORM, ("c",))))
    folded = fold_batch_norm(ann)
    assert [node.name for node in folded.nodes] == ["c"]
    assert folded.output == "c"
    k = np.array([1, -3 / np.sqrt(1.25)])
    op = folded.nodes[0].op
    np.testing.assert_allclose(op.weight, conv().weight * k[:, None, None, None])
    expected = k * ((0 if bias is None else bias) - np.array([1, -1])) + [0.5, 1]
    np.testing.assert_allclose(op.bias, expected)


def test_two_norms_after_one_convolution_fold_both():
    nodes = (Node("c", conv()), Node("n", NORM, ("c",)), Node("m", NORM, ("n",)))
    ann = Ann((1, 4, 4), nodes)
    folded = fold_batch_norm(ann)
    assert [node.name for node in folded.nodes] == ["c"]
    same_answers(ann, folded, np.ones((1, 1, 4, 4)))


def test_a_norm_whose_convolution_is_read_elsewhere_stays():
    nodes = (Node("c", conv()), Node("n", NORM, ("c",)), Node("add", ops.Add(), ("c", "n")))
    ann = Ann((1, 3, 3), nodes)
    assert fold_batch_norm(ann) == ann


def test_weights_of_float32_are_folded_in_float64():
    op = dataclasses.replace(conv(), weight=conv().weight.astype(np.float32))
    ann = Ann((1, 3, 3), (Node("c", op), Node("n", NORM, ("c",))))
    assert fold_batch_norm(ann).nodes[0].op.weight.dtype == np.float64


@given(st.data())
def test_moving_relus_keeps_the_answer_and_the_names(data):
    ann = data.draw(anns())
    moved = relu_before_max_pool(ann)
    same_answers(ann, moved, data.draw(images(ann)))
    assert set(moved.by_name) == set(ann.by_name)
    for node in moved.nodes:
        if isinstance(node.op, ops.ReLU) and node.inputs[0] != "input":
            pool = moved.by_name[node.inputs[0]]
            assert not isinstance(pool.op, ops.MaxPool2d) or len(moved.consumers[pool.name]) > 1


def test_a_relu_moves_before_all_poolings():
    pools = (Node("p", ops.MaxPool2d(2)), Node("q", ops.MaxPool2d(2), ("p",)))
    moved = relu_before_max_pool(Ann((1, 4, 4), (*pools, Node("r", ops.ReLU(), ("q",)))))
    assert [(node.name, node.inputs) for node in moved.nodes] == [
        ("r", ("input",)),
        ("p", ("r",)),
        ("q", ("p",)),
    ]
    assert moved.output == "q"


@given(st.data())
def test_pooling_before_concatenations_keeps_the_answer_and_the_names(data):
    ann = data.draw(anns())
    moved = max_pool_before_concat(ann)
    same_answers(ann, moved, data.draw(images(ann)))
    kinds = {node.name: type(node.op) for node in moved.nodes}
    for node in moved.nodes:
        if isinstance(node.op, ops.MaxPool2d):
            assert kinds.get(node.inputs[0]) is not ops.Concat
    assert moved.output == ann.output


def test_pooling_before_nested_concatenations_by_hand():
    nodes = (
        Node("a", ops.ReLU()),
        Node("b", ops.Concat(), ("a", "a")),
        Node("c", ops.Concat(), ("b", "a")),
        Node("p", ops.MaxPool2d(2), ("c",)),
        Node("s", ops.Subsample(2), ("b",)),
        Node("o", ops.Concat(), ("p", "s")),
    )
    moved = max_pool_before_concat(Ann((1, 4, 4), nodes))
    assert [(node.name, node.inputs) for node in moved.nodes] == [
        ("a", ("input",)),
        ("b", ("a", "a")),
        ("p.0.0", ("a",)),
        ("p.0.1", ("a",)),
        ("p.0", ("p.0.0", "p.0.1")),
        ("p.1", ("a",)),
        ("p", ("p.0", "p.1")),
        ("s", ("b",)),
        ("o", ("p", "s")),
    ]


def test_a_ceiling_bounds_the_threshold_of_a_silent_layer():
    ann = Ann((3,), (Node("r", ops.ReLU(0.25)),))
    assert activation_quantiles(ann, -np.ones((2, 3))) == {"r": 0.25}
    assert activation_quantiles(ann, np.ones((2, 3))) == {"r": 0.25}


quantiles = st.sampled_from([1.0, 0.999, 0.9, 0.5, 0.01]) | st.floats(1e-3, 1)


@given(data=st.data(), quantile=quantiles, per=st.sampled_from(["layer", "channel"]))
def test_quantiles_are_numpys(data, quantile, per):
    ann = data.draw(anns())
    x = data.draw(images(ann, count=data.draw(st.sampled_from([1, 2, 65, 130]))))
    found = activation_quantiles(ann, x, quantile=quantile, per=per)
    relus = ann.names_of(ops.ReLU)
    assert list(found) == list(relus)
    for name, values in activations(ann, x, relus, dtype=np.float64).items():
        axes = (0, 2, 3)[: values.ndim - 1] if per == "channel" else None
        expected = np.quantile(values.astype(np.float64), quantile, axis=axes)
        expected = expected.reshape(np.shape(found[name]))
        live = expected > 0
        # rounded to float32
        np.testing.assert_allclose(np.where(live, found[name], 0), expected, rtol=1.01 * 2**-24)
        assert np.all(found[name] > 0)
        if per == "channel":
            assert found[name].shape == (values.shape[1], *(1,) * (values.ndim - 2))
        else:
            assert isinstance(found[name], float)


def test_thresholds_of_silent_channels_and_layers():
    """Channels: always 4, hardly ever 3, never active."""
    x = np.zeros((100, 3, 1, 1))
    x[:, 0] = 4
    x[7, 1] = 3
    nodes = (Node("r", ops.ReLU()), Node("f", ops.Flatten(), ("r",)))
    per_channel = activation_quantiles(Ann((3, 1, 1), nodes), x, quantile=0.9, per="channel")
    np.testing.assert_array_equal(per_channel["r"].ravel(), [4, 3, 4])
    assert activation_quantiles(Ann((3, 1, 1), nodes), -x, quantile=0.9) == {"r": 1.0}
    assert activation_quantiles(Ann((3, 1, 1), nodes), x[:, 1:][:, [0, 0, 0]], quantile=0.5) == {
        "r": 3.0
    }


BAD_CALLS = [
    ({"quantile": 0.0}, ConversionError, r"quantile: expected a number in \(0, 1\], found 0.0"),
    ({"quantile": 1.1}, ConversionError, "quantile"),
    ({"quantile": float("nan")}, ConversionError, "quantile"),
    ({"per": "neuron"}, ConversionError, 'expected "layer" or "channel", found .neuron'),
    ({"images": np.zeros((1, 4))}, InputError, "images: expected shape"),
    ({"images": np.zeros((0, 3))}, InputError, "images: expected shape"),
]


@pytest.mark.parametrize(("options", "kind", "message"), BAD_CALLS)
def test_impossible_quantiles_are_refused(options, kind, message):
    ann = Ann((3,), (Node("r", ops.ReLU()),))
    with pytest.raises(kind, match=message):
        activation_quantiles(ann, **({"images": np.ones((1, 3))} | options))
