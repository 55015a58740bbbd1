import numpy as np
import pytest
from hypothesis import given

from converters import Ann, Node, bsnn, fold_batch_norm, forward, noise, ops, rate, ttrbr
from converters.ann.shapes import output_shape
from converters.testing import anns
from eventsnn import ConversionError, NetworkError, ShapeError


def conv(outputs=2, inputs=1, kernel=3, **options):
    return ops.Conv2d(np.ones((outputs, inputs, kernel, kernel)), **options)


def dense(outputs, inputs):
    return ops.Linear(np.ones((outputs, inputs)))


def graph(*nodes, shape=(1, 4, 4), output=""):
    return Ann(shape, tuple(Node(*node) for node in nodes), output)


def test_shapes_of_a_small_network():
    ann = graph(
        ("conv", conv(6, padding=1, stride=(2, 1))),
        ("relu", ops.ReLU(), ("conv",)),
        ("short", ops.Subsample((2, 1), (2, 3)), ("input",)),
        ("add", ops.Add(), ("relu", "short")),
        ("pool", ops.AvgPool2d((1, 2)), ("add",)),
        ("global", ops.GlobalAvgPool(), ("pool",)),
        ("flat", ops.Flatten(), ("global",)),
        ("fc", dense(3, 6), ("flat",)),
    )
    assert ann.shapes == {
        "input": (1, 4, 4),
        "conv": (6, 2, 4),
        "relu": (6, 2, 4),
        "short": (6, 2, 4),
        "add": (6, 2, 4),
        "pool": (6, 2, 2),
        "global": (6, 1, 1),
        "flat": (6,),
        "fc": (3,),
    }
    assert ann.output == "fc"


def test_an_ann_tells_what_it_is_made_of():
    ann = graph(
        ("a", dense(2, 3)), ("b", ops.ReLU(), ("a",)), ("c", dense(4, 2), ("b",)), shape=(3,)
    )
    assert str(ann) == "Ann (3,) -> (4,): 2 Linear, 1 ReLU"


NAN = ops.Linear([[np.nan, 1.0], [np.inf, 1.0]])

BAD_GRAPHS = [
    (graph, "at least one node"),
    (lambda: graph(("", ops.ReLU())), "a node's name must be a non-empty str, found ''"),
    (lambda: graph(("a", ops.ReLU(), ("b",))), "node `a`: its input `b` is not an earlier node"),
    (lambda: graph(("a", ops.ReLU()), ("a", ops.ReLU(), ("a",))), "`a`: the name is used twice"),
    (lambda: graph(("input", ops.ReLU())), "`input`: the name is used twice"),
    (lambda: graph(("a", ops.ReLU()), output="b"), "output `b` is not a node"),
    (lambda: graph(("a", ops.ReLU()), ("b", ops.ReLU())), "does not depend on `a`"),
    (lambda: graph(("a", ops.ReLU), ("b", ops.ReLU())), "node `a`: .* is not one of"),
    (lambda: graph(("a", ops.ReLU(), "input")), "inputs must be a tuple"),
    (lambda: graph(("fc", NAN), shape=(2,)), "node `fc`: 2 of 4 values of weight are NaN"),
]


@pytest.mark.parametrize(("make", "message"), BAD_GRAPHS)
def test_a_graph_without_meaning_is_refused(make, message):
    with pytest.raises(NetworkError, match=message):
        make()


BAD_SHAPES = [
    (
        lambda: graph(("c", conv(inputs=3))),
        r"node `c`: .*expects 3 input channels, found .*1, 4, 4",
    ),
    (lambda: graph(("c", conv(kernel=5))), r"node `c`: a kernel \(5, 5\).*larger than the image"),
    (lambda: graph(("p", ops.MaxPool2d(5))), r"node `p`: a kernel \(5, 5\)"),
    (lambda: graph(("f", dense(2, 16))), "node `f`: Linear expects a vector.*put Flatten first"),
    (lambda: graph(("f", dense(2, 3)), shape=(4,)), "node `f`: .*expects 3 inputs, found 4"),
    (lambda: graph(("p", ops.AvgPool2d(2)), shape=(4,)), "expects an image"),
    (lambda: graph(("a", ops.Add(), ("input",))), "node `a`: Add expects two or more"),
    (lambda: graph(("r", ops.ReLU(), ("input", "input"))), "ReLU expects one input, found 2"),
    (
        lambda: graph(("c", conv()), ("a", ops.Add(), ("c", "input"))),
        r"node `a`: Add expects inputs of one shape, found \(2, 2, 2\), \(1, 4, 4\)",
    ),
    (lambda: graph(("b", ops.BatchNorm(*np.ones((4, 2))))), "BatchNorm of 2 channels"),
    (lambda: graph(("r", ops.ReLU()), shape=(4, 4)), "input_shape: expected"),
    (lambda: graph(("r", ops.ReLU()), shape=(0,)), "input_shape: expected"),
    (lambda: conv(groups=3), "3 does not divide 2 output channels"),
    (lambda: conv(stride=0), "Conv2d.stride: expected an int or two ints >= 1, found 0"),
    (lambda: conv(padding=(1, 2, 3)), "Conv2d.padding: expected"),
    (lambda: ops.Conv2d(np.ones((2, 2))), "Conv2d.weight: expected 4 dimensions"),
    (lambda: ops.Linear(np.ones((2, 3)), np.ones(3)), r"Linear.bias: expected shape \(2,\)"),
    (lambda: ops.AvgPool2d(2, padding=2), "more than half the kernel"),
]


@pytest.mark.parametrize(("make", "message"), BAD_SHAPES)
def test_shapes_that_do_not_fit_are_refused(make, message):
    with pytest.raises(ShapeError, match=message):
        make()


def test_values_that_are_no_parameters_are_refused():
    with pytest.raises(NetworkError, match=r"Linear.weight: expected float32 or float64"):
        ops.Linear([["1"]])
    with pytest.raises(NetworkError, match=r"running_var \+ eps > 0"):
        ops.BatchNorm([1.0], [0.0], [0.0], [-1.0])
    with pytest.raises(NetworkError, match=r"BatchNorm.eps"):
        ops.BatchNorm([1.0], [0.0], [0.0], [1.0], eps=-1)


def test_weights_are_copied_read_only_and_keep_their_precision():
    given_weights = np.ones((1, 2), np.float32)
    op = ops.Linear(given_weights)
    given_weights[:] = 5
    assert op.weight.dtype == np.float32
    assert np.all(op.weight == 1)
    with pytest.raises(ValueError, match="read-only"):
        op.weight[:] = 0
    assert ops.Linear(np.ones((1, 2))).weight.dtype == np.float64
    assert ops.Linear(np.ones((1, 2), np.float16)).weight.dtype == np.float32


def test_equality_is_by_value_and_precision():
    def ann(value, dtype=np.float64):
        return graph(("fc", ops.Linear(np.full((1, 2), value, dtype))), shape=(2,))

    assert ann(1) == ann(1)
    assert ann(1) != ann(2)
    assert ann(1) != ann(1, np.float32)
    assert ops.AvgPool2d(2) != ops.MaxPool2d(2)


@given(anns())
def test_consumers_are_the_inputs_reversed(ann):
    edges = [(name, node.name) for node in ann.nodes for name in node.inputs]
    reversed_edges = [(name, node.name) for name in ann.consumers for node in ann.consumers[name]]
    assert sorted(edges) == sorted(reversed_edges)
    assert set(ann.ancestors((ann.output,))) >= set(ann.by_name)


def test_sizes_beyond_any_network_are_refused():
    with pytest.raises(ShapeError, match=r"node `input`: .*more than 2147483648 values"):
        Ann((3, 10**6, 10**6), (Node("relu", ops.ReLU()),))
    with pytest.raises(ShapeError, match=r"node `pad`: .*more than"):
        Ann((1, 100, 100), (Node("pad", ops.Subsample(1, (10**9, 0))),))
    with pytest.raises(ShapeError, match=r"node `conv`: padding .* is wider than any image"):
        Ann((1, 4, 4), (Node("conv", ops.Conv2d(np.ones((1, 1, 1, 1)), None, 10**6, 10**6)),))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ops.ReLU(0), r"ReLU.ceiling: expected a number > 0, found 0"),
        (lambda: ops.ReLU(np.nan), r"ReLU.ceiling: expected a number > 0"),
        (lambda: ops.Scale(np.inf), r"Scale.factor: expected a finite number"),
    ],
)
def test_constants_without_meaning_are_refused(make, message):
    with pytest.raises(NetworkError, match=message):
        make()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((2, 4, 4),), "Concat expects two or more inputs, found 1"),
        (((2, 4, 4), (2, 4, 3)), "differ in their channels only"),
        (((2,), (2, 1, 1)), "differ in their channels only"),
    ],
)
def test_concatenations_that_do_not_fit_are_refused(shapes, message):
    with pytest.raises(ShapeError, match=message):
        output_shape(ops.Concat(), shapes)


@pytest.mark.parametrize(
    "call",
    [
        lambda it: rate(it, np.zeros((1, 3)), ticks=4),
        lambda it: ttrbr(it, np.zeros((1, 3)), ticks=4),
        lambda it: bsnn(it, np.zeros((1, 3)), phases=4),
        lambda it: noise(it, ticks=4),
        lambda it: forward(it, np.zeros((1, 3))),
        fold_batch_norm,
    ],
)
def test_something_else_is_told_how_to_become_an_ann(call):
    with pytest.raises(
        ConversionError, match=r"converters\.intake\.export_torch\.export .* of type Module"
    ):
        call(type("Module", (), {})())
