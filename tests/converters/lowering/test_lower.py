import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters import (
    Ann,
    Node,
    activations,
    lower,
    max_pool_before_concat,
    ops,
    relu_before_max_pool,
)
from converters.ann.apply import apply
from converters.lowering.chain import linear_chain
from converters.testing import anns, images
from eventsnn import (
    IF,
    LI,
    AvgPool2d,
    Conv2d,
    ConversionError,
    Flatten,
    Linear,
    Link,
    Relay,
    RunningMaximum,
    Scale,
    Subsample,
    Subtract,
    UnsupportedLayerError,
    fan_out,
)
from eventsnn.oracle.simulate import simulate as dense_simulation
from eventsnn.oracle.synapses import apply_chain


@st.composite
def lowerings(draw):
    """An ANN with its max pools right behind ReLUs, and thresholds per layer or per channel."""
    ann = max_pool_before_concat(relu_before_max_pool(draw(anns())))
    thresholds = {}
    for name in ann.names_of(ops.ReLU):
        channels, *pixels = ann.shapes[name]
        shape = draw(st.sampled_from([(), (channels, *(1,) * len(pixels))]))
        seed = draw(st.integers(0, 2**16))
        theta = np.random.default_rng(seed).integers(1, 9, shape) / 4
        thresholds[name] = np.minimum(theta, ann.by_name[name].op.ceiling or np.inf)
    return ann, thresholds


def real_valued(ann, network, image):
    """What the layers receive if an IF neuron emits exactly relu(input) / theta."""
    received, emitted = {}, {"input": image}
    for layer in network.layers:
        arrivals = [apply_chain(link.chain, emitted[link.source]) for link in layer.links]
        if isinstance(layer.neuron, RunningMaximum):
            window = (layer.neuron.kernel_size, layer.neuron.stride, layer.neuron.padding)
            emitted[layer.name] = apply(ops.MaxPool2d(*window), arrivals[0][None])[0]
            continue
        total = sum(arrivals) + layer.bias
        received[layer.name] = emitted[layer.name] = np.broadcast_to(total, layer.shape)
        if isinstance(layer.neuron, IF):
            relu = apply(ann.by_name[layer.name].op, received[layer.name][None])[0]
            emitted[layer.name] = relu / layer.neuron.threshold
    return received


@given(lowerings(), st.data())
def test_links_and_biases_are_the_anns_algebra(drawn, data):
    ann, thresholds = drawn
    network = lower(ann, thresholds)
    x = data.draw(images(ann, count=1))
    received = real_valued(ann, network, x[0])
    exact = activations(ann, x, ("input", *ann.by_name), dtype=np.float64)
    for layer in network.layers:
        match layer.neuron:
            case IF(threshold=theta, reset=reset, v0=v0):
                expected = exact[ann.by_name[layer.name].inputs[0]]
                np.testing.assert_array_equal(theta, thresholds[layer.name])
                np.testing.assert_array_equal(v0, theta / 2)
                assert reset == Subtract()
            case Relay():  # without its constant part, which its readers have
                assert not layer.bias.any()
                expected = received[layer.name][None]
                assert isinstance(ann.by_name[layer.name].op, ops.Conv2d | ops.Linear | ops.Add)
                links = [link for other in network.layers for link in other.links]
                assert [link.source for link in links].count(layer.name) > 1
            case LI():
                expected = exact[layer.name]
                assert layer.name == network.output == ann.output
            case RunningMaximum():
                continue
        np.testing.assert_allclose(received[layer.name], expected[0], rtol=1e-9, atol=1e-9)


@given(lowerings())
def test_layers_are_named_after_nodes_and_have_their_shapes(drawn):
    ann, thresholds = drawn
    network = lower(ann, thresholds)
    kinds = {IF: ops.ReLU, RunningMaximum: ops.MaxPool2d}
    for layer in network.layers:
        assert layer.shape == ann.shapes[layer.name]
        kind = kinds.get(type(layer.neuron))
        assert kind is None or isinstance(ann.by_name[layer.name].op, kind)
    layers = {layer.name for layer in network.layers}
    assert layers >= {*ann.names_of(ops.ReLU), *ann.names_of(ops.MaxPool2d), ann.output}


@given(lowerings(), st.data())
def test_the_first_layers_count_is_the_rounded_activation(drawn, data):
    """Constant input: count = clip(floor((T I + v0) / theta), 0, T)."""
    ann, thresholds = drawn
    network = lower(ann, thresholds)
    x = data.draw(images(ann, count=1))
    ticks = 5
    trace = dense_simulation(network, x[0], ticks=ticks)
    for layer in network.layers:
        if isinstance(layer.neuron, IF) and all(link.source == "input" for link in layer.links):
            current = activations(ann, x, (ann.by_name[layer.name].inputs[0],), dtype=np.float64)
            (i,) = current.values()
            theta = layer.neuron.threshold
            level = (ticks * i[0] + theta / 2) / theta
            # Where the level is an integer up to rounding, either count is right.
            low, high = (np.clip(np.floor(level + e), 0, ticks) for e in (-1e-9, 1e-9))
            count = trace.spikes[layer.name].sum(axis=0)
            assert np.all((low <= count) & (count <= high))


@given(st.integers(2, 3), st.integers(1, 2), st.integers(1, 2), st.integers(0, 2**16))
def test_a_grouped_convolution_takes_the_factor_of_each_channel(groups, inputs, outputs, seed):
    rng = np.random.default_rng(seed)
    shape = (groups * inputs, 3, 2)
    weight = rng.integers(-4, 5, (groups * outputs, inputs, 2, 1)) / 4
    conv = ops.Conv2d(weight, padding=(1, 0), groups=groups)
    factor = rng.integers(1, 9, (shape[0], 1, 1)) / 4
    x = rng.integers(-4, 5, shape) / 4
    found = apply_chain(linear_chain((conv,), shape, factor), x)
    np.testing.assert_array_equal(found, apply(conv, (factor * x)[None])[0])


def graph(*nodes, shape=(2, 4, 4)):
    return Ann(shape, tuple(Node(*node) for node in nodes))


def read_out(source, inputs):
    return (
        ("flat", ops.Flatten(), (source,)),
        ("fc", ops.Linear(np.ones((1, inputs))), ("flat",)),
    )


def kinds(link):
    return [type(synapse) for synapse in link.chain]


def test_a_residual_join_is_two_links_and_theta_is_folded():
    conv = ops.Conv2d(np.ones((2, 2, 3, 3)), padding=1)
    ann = graph(
        ("stem", conv),
        ("relu1", ops.ReLU(), ("stem",)),
        ("conv", conv, ("relu1",)),
        ("add", ops.Add(), ("conv", "relu1")),
        ("relu2", ops.ReLU(), ("add",)),
        ("pool", ops.GlobalAvgPool(), ("relu2",)),
        *read_out("pool", 2),
    )
    network = lower(ann, {"relu1": 2.0, "relu2": 3.0})
    assert [layer.name for layer in network.layers] == ["relu1", "relu2", "fc"]
    first, join, answer = (layer.links for layer in network.layers)
    assert [(link.source, kinds(link)) for link in first] == [("input", [Conv2d])]
    assert [(link.source, kinds(link)) for link in join] == [
        ("relu1", [Conv2d]),
        ("relu1", [Scale]),
    ]
    assert np.all(first[0].chain[0].weight == 1)
    assert np.all(join[0].chain[0].weight == 2)
    assert join[1].chain == (Scale(2.0),)
    assert answer[0].chain == (AvgPool2d((4, 4)), Flatten(), Linear(np.full((1, 2), 3.0)))


def test_a_concatenation_is_links_that_know_their_channels():
    one, two = np.ones((1, 2, 1, 1)), np.ones((2, 2, 1, 1))
    reading = ops.Conv2d(np.arange(3.0).reshape(1, 3, 1, 1))
    ann = graph(
        ("a", ops.Conv2d(one)),
        ("relu_a", ops.ReLU(), ("a",)),
        ("b", ops.Conv2d(two)),
        ("relu_b", ops.ReLU(), ("b",)),
        ("cat", ops.Concat(), ("relu_a", "relu_b")),
        ("conv", reading, ("cat",)),
        ("relu_c", ops.ReLU(), ("conv",)),
        ("relu_d", ops.ReLU(), ("cat",)),
        ("both", ops.Concat(), ("relu_c", "relu_d")),
        *read_out("both", 64),
    )
    network = lower(ann, {"relu_a": 2.0, "relu_b": 3.0, "relu_c": 1.0, "relu_d": 1.0})
    first, second = network.layer("relu_c").links
    assert first == Link("relu_a", (Conv2d(np.zeros((1, 1, 1, 1))),))
    assert second == Link("relu_b", (Conv2d(np.array([3.0, 6.0]).reshape(1, 2, 1, 1)),))
    assert [link.chain for link in network.layer("relu_d").links] == [
        (Subsample(1, (0, 2)), Scale(2.0)),
        (Subsample(1, (1, 0)), Scale(3.0)),
    ]
    assert [link.chain[0] for link in network.layer("fc").links] == [
        Subsample(1, (0, 3)),
        Subsample(1, (1, 0)),
    ]
    assert not any(isinstance(layer.neuron, Relay) for layer in network.layers)


def test_vectors_are_concatenated_too():
    nodes = (
        Node("a", ops.ReLU()),
        Node("b", ops.Linear(np.ones((2, 3)))),
        Node("c", ops.ReLU(), ("b",)),
        Node("cat", ops.Concat(), ("c", "a")),
        Node("fc", ops.Linear(np.arange(5.0).reshape(1, 5)), ("cat",)),
    )
    network = lower(Ann((3,), nodes), {"a": 1.0, "c": 1.0})
    first, second = network.layer("fc").links
    assert (apply_chain(first.chain, np.array([1.0, 0])), first.source) == (0, "c")
    assert (apply_chain(second.chain, np.array([1.0, 0, 0])), second.source) == (2, "a")
    assert fan_out(second.chain, (3,)).tolist() == [1, 1, 1]


def test_scales_cost_nothing():
    nodes = (
        ("half", ops.Scale(0.5)),
        ("relu", ops.ReLU(), ("half",)),
        ("minus", ops.Scale(-1), ("relu",)),
        *read_out("minus", 32),
    )
    network = lower(graph(*nodes), {"relu": 3.0})
    assert network.layer("relu").links == (Link("input", (Scale(0.5),)),)
    assert network.layer("fc").links == (Link("relu", (Flatten(), Linear(np.full((1, 32), -3.0)))),)


def test_thetas_per_channel_pass_pools_and_groups():
    grouped = ops.Conv2d(np.ones((4, 2, 1, 1)), groups=2)
    ann = graph(
        ("relu", ops.ReLU()),
        ("pool", ops.AvgPool2d(2), ("relu",)),
        ("pad", ops.Subsample(1, (1, 1)), ("pool",)),
        ("conv", grouped, ("pad",)),
        *read_out("conv", 16),
    )
    network = lower(ann, {"relu": np.array([2.0, 3.0]).reshape(2, 1, 1)})
    chain = network.layer("fc").links[0].chain
    assert kinds(network.layer("fc").links[0]) == [AvgPool2d, Subsample, Conv2d, Flatten, Linear]
    expected = [[0, 2], [0, 2], [3, 0], [3, 0]]
    np.testing.assert_array_equal(chain[2].weight[:, :, 0, 0], expected)


def test_a_running_maximum_hands_on_the_scale_of_its_source():
    ann = graph(
        ("pool", ops.MaxPool2d(3, 1, 1)), ("relu", ops.ReLU(), ("pool",)), *read_out("relu", 32)
    )
    network = lower(ann, {"relu": 0.5})
    relu, pool, answer = network.layers
    assert (relu.name, relu.shape) == ("relu", (2, 4, 4))
    assert relu.links[0].chain == ()
    assert (pool.name, pool.neuron) == ("pool", RunningMaximum((3, 3), (1, 1), (1, 1)))
    assert pool.links[0].source == "relu"
    assert answer.links[0].source == "pool"
    assert answer.links[0].chain == (Flatten(), Linear(np.full((1, 32), 0.5)))


@pytest.mark.parametrize(
    ("kernel", "padding", "expected"),
    [
        ((3, 3), (1, 1), [[4, 6, 4], [6, 9, 6], [4, 6, 4]]),
        ((3, 1), (1, 0), [[2, 2, 2], [3, 3, 3], [2, 2, 2]]),
        ((1, 3), (0, 1), [[2, 3, 2], [2, 3, 2], [2, 3, 2]]),
    ],
)
def test_a_norm_before_padding_has_a_bias_that_knows_the_border(kernel, padding, expected):
    """The shift of 1 reaches a pixel once through each weight inside the image."""
    norm = ops.BatchNorm([1.0], [1.0], [0.0], [1.0], eps=0.0)
    conv = ops.Conv2d(np.ones((1, 1, *kernel)), padding=padding)
    ann = graph(
        ("norm", norm),
        ("conv", conv, ("norm",)),
        ("relu", ops.ReLU(), ("conv",)),
        *read_out("relu", 9),
        shape=(1, 3, 3),
    )
    layer = lower(ann, {"relu": 1.0}).layer("relu")
    np.testing.assert_array_equal(layer.bias, [expected])


def test_biases_are_as_small_as_they_can_be():
    bias = np.array([1.0, 2.0])
    conv = ops.Conv2d(np.ones((2, 2, 3, 3)), bias, padding=1)
    ann = graph(("conv", conv), ("relu", ops.ReLU(), ("conv",)), *read_out("relu", 32))
    relu, answer = lower(ann, {"relu": 1.0}).layers
    np.testing.assert_array_equal(relu.bias, bias.reshape(2, 1, 1))
    assert answer.bias.shape == ()
    assert answer.bias == 0


def test_a_trunk_of_currents_becomes_relays_and_links_stay_few():
    nodes, trunk, depth = [], "input", 40
    for i in range(depth):
        conv = ops.Conv2d(np.eye(2)[:, :, None, None])
        nodes += [(f"conv{i}", conv, (trunk,)), (f"add{i}", ops.Add(), (f"conv{i}", trunk))]
        trunk = f"add{i}"
    network = lower(graph(*nodes, *read_out(trunk, 32)), {})
    assert sum(isinstance(layer.neuron, Relay) for layer in network.layers) == depth - 1
    assert sum(len(layer.links) for layer in network.layers) == 2 * depth


def test_a_convolution_with_two_readers_becomes_a_relay():
    conv = ops.Conv2d(np.ones((2, 2, 1, 1)), np.ones(2))
    ann = graph(
        ("stem", conv),
        ("relu", ops.ReLU(), ("stem",)),
        ("add", ops.Add(), ("relu", "stem")),
        *read_out("add", 32),
    )
    network = lower(ann, {"relu": 1.0})
    assert [layer.name for layer in network.layers] == ["stem", "relu", "fc"]
    relay = network.layer("stem")
    assert relay.neuron == Relay()
    assert relay.bias == 0  # it would emit it in every tick; its readers have it instead
    np.testing.assert_array_equal(network.layer("relu").bias, np.ones((2, 1, 1)))
    np.testing.assert_array_equal(network.layer("fc").bias, [32.0])
    assert [(link.source, link.chain) for link in network.layer("relu").links] == [("stem", ())]
    assert [link.source for link in network.layer("fc").links] == ["relu", "stem"]


def test_pooled_spikes_with_two_readers_stay_spikes():
    conv = ops.Conv2d(np.ones((2, 2, 1, 1)))
    ann = graph(
        ("relu", ops.ReLU()),
        ("pool", ops.AvgPool2d(2), ("relu",)),
        ("a", conv, ("pool",)),
        ("b", conv, ("pool",)),
        ("add", ops.Add(), ("a", "b")),
        *read_out("add", 8),
    )
    network = lower(ann, {"relu": 1.0})
    assert [layer.name for layer in network.layers] == ["relu", "fc"]
    assert len(network.layer("fc").links) == 2


RELU = (("relu", ops.ReLU()), *read_out("relu", 32))

BAD_THRESHOLDS = [
    ({}, r"missing are \['relu'\], no ReLU are \[\]"),
    ({"relu": 1.0, "fc": 1.0}, r"missing are \[\], no ReLU are \['fc'\]"),
    ({"relu": 0.0}, "threshold of `relu`: expected positive numbers, found 0"),
    ({"relu": np.nan}, "threshold of `relu`: expected positive"),
    ({"relu": np.inf}, "threshold of `relu`: expected positive"),
    ({"relu": np.ones(2)}, r"threshold of `relu`: .* shape \(2, 1, 1\), found shape \(2,\)"),
    ({"relu": np.ones((2, 4, 4))}, r"threshold of `relu`: .*found shape \(2, 4, 4\)"),
]


@pytest.mark.parametrize(("thresholds", "message"), BAD_THRESHOLDS)
def test_bad_thresholds_are_refused_by_name(thresholds, message):
    with pytest.raises(ConversionError, match=message):
        lower(graph(*RELU), thresholds)


def test_a_threshold_above_the_ceiling_is_refused():
    ann = graph(("relu", ops.ReLU(6.0)), *read_out("relu", 32))
    assert lower(ann, {"relu": 6.0}).layer("relu").neuron.threshold == 6
    with pytest.raises(ConversionError, match=r"threshold of `relu`: .*ceiling 6 .*found 6.5"):
        lower(ann, {"relu": np.array([1, 6.5]).reshape(2, 1, 1)})


CONV = ("conv", ops.Conv2d(np.ones((2, 2, 1, 1))))

UNSUPPORTED = [
    ((CONV, ("pool", ops.MaxPool2d(2), ("conv",)), *read_out("pool", 8)), "`pool`: .*of `conv`"),
    ((("pool", ops.MaxPool2d(2)), *read_out("pool", 8)), "`pool`: .*average pooling"),
    ((CONV, ("relu", ops.ReLU(), ("conv",))), "`relu`: the output .* must be linear, found ReLU"),
]


@pytest.mark.parametrize(("nodes", "message"), UNSUPPORTED)
def test_what_has_no_spiking_counterpart_is_refused_by_name(nodes, message):
    ann = graph(*nodes)
    with pytest.raises(UnsupportedLayerError, match=message):
        lower(ann, dict.fromkeys(ann.names_of(ops.ReLU), 1.0))
