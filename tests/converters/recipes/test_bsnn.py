"""Every word of every bistable layer is the K-bit activation of the ANN, bit for bit."""

import dataclasses

import numpy as np
import pytest
from bsnn_words import check_all_words, run_all, words
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from profiles import examples

from converters import (
    Ann,
    Node,
    bistable,
    bsnn,
    lower,
    max_pool_before_concat,
    ops,
    phase_coded_input,
    phase_coding,
    quantized_activations,
    relu_before_max_pool,
)
from converters.testing import anns, images
from eventsnn import (
    ConversionError,
    Layer,
    Link,
    Network,
    NetworkError,
    Relay,
    Synchronous,
    UnsupportedLayerError,
    phase_coded,
    simulate,
    simulate_batch,
)


def exact(ann):
    """Whether all its means are over 2^n values."""
    for node in ann.nodes:
        size = 1
        if isinstance(node.op, ops.AvgPool2d):
            size = int(np.prod(node.op.kernel_size))
        elif isinstance(node.op, ops.GlobalAvgPool):
            size = int(np.prod(ann.shapes[node.inputs[0]][1:]))
        if size & (size - 1):
            return False
    return True


def most_linear_paths(ann):
    """On how many ways the image reaches a node before any neuron; sums that branch double it."""
    paths = {"input": 1}
    for node in ann.nodes:
        linear = not isinstance(node.op, ops.ReLU | ops.MaxPool2d)
        paths[node.name] = linear * sum(paths[source] for source in node.inputs)
    return max(paths.values())


@st.composite
def joined_anns(draw):
    """Sums and concatenations of rectified layers of any age: straight, projected or pooled."""
    nodes, ends = [], ["input"]

    def add(op, *inputs):
        nodes.append(Node(f"{type(op).__name__.lower()}{len(nodes)}", op, inputs))
        return nodes[-1].name

    def projection(source, channels):
        seed = draw(st.integers(0, 2**16))
        weight = np.random.default_rng(seed).integers(-3, 5, (2, channels, 3, 3)) / 8
        return add(ops.Conv2d(weight, padding=1), source)

    for _ in range(draw(st.integers(2, 5))):
        sources = draw(st.lists(st.sampled_from(ends), min_size=1, max_size=3))
        kind = draw(st.sampled_from(["add", "concat"]))
        if kind == "concat" and len(sources) > 1:
            joined = projection(add(ops.Concat(), *sources), 2 * len(sources))
        else:
            terms = [k if draw(st.booleans()) else projection(k, 2) for k in sources]
            joined = add(ops.Add(), *terms) if len(terms) > 1 else terms[0]
        ends.append(add(ops.ReLU(), joined))
        if draw(st.booleans()):
            pool = draw(st.sampled_from([ops.MaxPool2d(3, 1, 1), ops.MaxPool2d(1)]))
            ends.append(add(pool, ends[-1]))
    read = {source for node in nodes for source in node.inputs}
    outputs = [
        add(ops.Linear(np.ones((2, 18)) / 4), add(ops.Flatten(), name))
        for name in ("input", *(node.name for node in nodes))
        if name not in read
    ]
    if len(outputs) > 1:
        add(ops.Add(), *outputs)
    return Ann((2, 3, 3), tuple(nodes))


@st.composite
def dyadic_anns(draw):
    """An ANN with sums of exact numbers, and a theta for each ReLU."""
    drawn = draw(st.one_of(anns(max_nodes=12), joined_anns()))
    ann = max_pool_before_concat(relu_before_max_pool(drawn))
    assume(exact(ann) and most_linear_paths(ann) <= 64)
    thresholds = {}
    for name in ann.names_of(ops.ReLU):
        channels, *pixels = ann.shapes[name]
        shape = draw(st.sampled_from([(), (channels, *(1,) * len(pixels))]))
        seed = draw(st.integers(0, 2**16))
        theta = np.random.default_rng(seed).integers(1, 9, shape) / 4
        thresholds[name] = np.minimum(theta, ann.by_name[name].op.ceiling or np.inf)
    return ann, thresholds


@settings(max_examples=examples(60))
@given(dyadic_anns(), st.integers(1, 6), st.booleans(), st.data())
def test_words_of_an_image_are_the_quantized_activations(drawn, phases, rounding, data):
    ann, thresholds = drawn
    network = bistable(lower(ann, thresholds), phases, rounding=rounding)
    (image,) = data.draw(images(ann, count=1))
    run = run_all(network, image, 1)
    check_all_words(network, run, ann, thresholds, image[None], phases=phases, rounding=rounding)
    assert run.counts.lost == 0


@settings(max_examples=examples(60))
@given(dyadic_anns(), st.integers(1, 6), st.data())
def test_a_stream_of_images_has_a_reading_every_two_cycles(drawn, phases, data):
    """Each reading is that of its own image, one behind the other in the same network."""
    ann, thresholds = drawn
    channels = ann.input_shape[0]
    seen = phase_coded_input(ann, np.full(channels, -0.5), np.full(channels, 2.0))
    network = bistable(lower(seen, thresholds), phases, readings=None, image=False)
    pixels = (data.draw(images(ann, count=3)) + 1) / 2
    spikes = phase_coded(pixels, phases)
    run = run_all(network, spikes, 3)
    told = spikes.to_dense(6 * phases).reshape(3, 2 * phases, *ann.input_shape).sum(axis=1)
    assert np.all((told <= pixels) & (np.minimum(pixels, 1 - 2.0**-phases) - told < 2.0**-phases))
    check_all_words(network, run, seen, thresholds, told, phases=phases, rounding=True)


def without_relays_in_step(network, phases):
    """Every chain of synchronous layers replaced by a link delay of K ticks each."""

    def direct(link):
        delay = link.delay
        while link.source in relays:
            delay += phases
            link = Link(relays[link.source].links[0].source, link.chain, 0)
        return Link(link.source, link.chain, delay)

    relays = {k.name: k for k in network.layers if isinstance(k.neuron, Synchronous)}
    layers = tuple(
        dataclasses.replace(layer, links=tuple(direct(link) for link in layer.links))
        for layer in network.layers
        if layer.name not in relays
    )
    return Network(network.inputs, layers, network.output), set(relays)


def test_a_synchronous_layer_is_a_delay_of_one_cycle():
    seen = []

    @settings(max_examples=50)  # the share below rests on so many, in every profile
    @given(dyadic_anns(), st.integers(1, 4), st.data())
    def check(drawn, phases, data):
        ann, thresholds = drawn
        network = bistable(lower(ann, thresholds), phases, readings=2)
        delayed, relays = without_relays_in_step(network, phases)
        (image,) = data.draw(images(ann, count=1))
        a, b = run_all(network, image, 2), run_all(delayed, image, 2)
        for layer in delayed.layers:
            assert a.spikes[layer.name] == b.spikes[layer.name]
            assert np.array_equal(a.potentials[layer.name], b.potentials[layer.name])
        seen.append(bool(relays))

    check()
    assert np.mean(seen) > 0.1


@given(
    z=st.lists(st.integers(-8, 64), min_size=1, max_size=6),
    phases=st.integers(1, 5),
    readings=st.integers(1, 6),
    rounding=st.booleans(),
)
def test_with_carry_the_error_shrinks_with_the_readings(z, phases, readings, rounding):
    """|mean of C readings - z| < theta 2^-K / C for a constant input that is not saturated."""
    z, theta = np.array(z) / 128, 0.5
    ann = Ann(
        (len(z),),
        (Node("relu", ops.ReLU()), Node("fc", ops.Linear(np.ones((1, len(z)))), ("relu",))),
    )
    made = lower(ann, {"relu": theta})
    network = bistable(made, phases, rounding=rounding, carry=True, readings=readings)
    run = run_all(network, z, readings)
    mean = theta * words(network, run, "relu", readings).mean(axis=0)
    told = (z >= 0) & (z <= theta * (1 - 2.0**-phases))
    assert np.all(np.abs(mean - z)[told] < theta * 2.0**-phases / readings)
    assert np.all(mean[z < 0] == 0)


def block(skipped, projection=None):
    """A residual block that skips so many convolutions."""
    conv = ops.Conv2d(np.ones((2, 2, 1, 1)) / 4)
    nodes = [Node("stem", conv), Node("first", ops.ReLU(), ("stem",))]
    trunk = "first"
    for i in range(skipped):
        nodes.append(Node(f"conv{i}", conv, (trunk,)))
        trunk = f"conv{i}"
        if i < skipped - 1:
            nodes.append(Node(f"relu{i}", ops.ReLU(), (trunk,)))
            trunk = f"relu{i}"
    shortcut = "first"
    if projection is not None:
        nodes.append(Node("projection", projection, ("first",)))
        shortcut = "projection"
    nodes += [
        Node("add", ops.Add(), (trunk, shortcut)),
        Node("last", ops.ReLU(), ("add",)),
        Node("flat", ops.Flatten(), ("last",)),
        Node("fc", ops.Linear(np.ones((1, 8))), ("flat",)),
    ]
    ann = Ann((2, 2, 2), tuple(nodes))
    return lower(ann, dict.fromkeys(ann.names_of(ops.ReLU), 1.0))


@pytest.mark.parametrize("skipped", [2, 3])
@pytest.mark.parametrize("projection", [None, ops.Conv2d(np.ones((2, 2, 1, 1)))])
def test_one_synchronous_layer_per_skipped_convolution_minus_one(skipped, projection):
    network = bistable(block(skipped, projection), 4)
    relays = [k.name for k in network.layers if isinstance(k.neuron, Synchronous)]
    assert relays == ["first.sync" + ".sync" * i for i in range(skipped - 1)]
    join = network.layer("last")
    assert [link.source for link in join.links][-1] == relays[-1]
    assert join.neuron.stage == skipped + 1


def test_without_synchronous_layers_the_shortcut_is_lost():
    made = block(2)
    image = np.full((2, 2, 2), 0.5)
    whole, torn = bistable(made, 4), bistable(made, 4, synchronous=False)
    lost = simulate(torn, image, ticks=16).counts
    assert simulate(whole, image, ticks=16).counts.lost == 0
    assert lost.lost == next(k.synops for k in lost.links if k.target == "last" and k.lost) > 0
    strict = [
        dataclasses.replace(k, neuron=dataclasses.replace(k.neuron, allow_loss=False))
        for k in torn.layers
    ]
    with pytest.raises(NetworkError, match=r"layer `last` of stage 3 hears .* found `first`, .*1;"):
        Network(torn.inputs, tuple(strict))


def test_a_trunk_of_currents_is_delayed():
    """Sums that several layers read are relays; what they add must be in step."""
    conv = ops.Conv2d(np.ones((2, 2, 1, 1)) / 4)
    nodes = [Node("stem", conv), Node("r0", ops.ReLU(), ("stem",))]
    nodes += [Node("trunk", conv, ("r0",)), Node("r1", ops.ReLU(), ("trunk",))]
    nodes += [Node("conv1", conv, ("r1",)), Node("sum", ops.Add(), ("conv1", "trunk"))]
    nodes += [Node("r2", ops.ReLU(), ("sum",)), Node("conv2", conv, ("r2",))]
    nodes += [Node("end", ops.Add(), ("conv2", "sum")), Node("flat", ops.Flatten(), ("end",))]
    ann = Ann((2, 2, 2), (*nodes, Node("fc", ops.Linear(np.ones((1, 8))), ("flat",))))
    thresholds = dict.fromkeys(ann.names_of(ops.ReLU), 1.0)
    network = bistable(lower(ann, thresholds), 4)
    assert {k.name for k in network.layers if isinstance(k.neuron, Relay)} == {"trunk", "sum"}
    assert {link.delay for k in network.layers for link in k.links} == {0, 4}
    image = np.arange(8).reshape(2, 2, 2) / 8
    run = run_all(network, image, 1)
    check_all_words(network, run, ann, thresholds, image[None], phases=4, rounding=True)


def test_linear_parts_that_multiply_before_any_neuron_are_refused():
    nodes, trunk = [], "input"
    for i in range(8):
        conv = ops.Conv2d(np.eye(2)[:, :, None, None])
        nodes += [(f"conv{i}", conv, (trunk,)), (f"add{i}", ops.Add(), (f"conv{i}", trunk))]
        trunk = f"add{i}"
    nodes += [("flat", ops.Flatten(), (trunk,)), ("fc", ops.Linear(np.ones((1, 8))), ("flat",))]
    made = lower(Ann((2, 2, 2), tuple(Node(*node) for node in nodes)), {})
    with pytest.raises(UnsupportedLayerError, match="on 128 linear paths; use phase-coded"):
        bistable(made, 4)
    assert bistable(made, 4, image=False).layer("fc").neuron.stage == 1


def test_ordinary_phase_coding_loses_what_bistable_neurons_keep():
    """A bit that arrives late is told at a phase that is worth less."""
    rng = np.random.default_rng(0)
    nodes, trunk = [], "input"
    for i in range(6):
        nodes.append(Node(f"fc{i}", ops.Linear(rng.normal(size=(12, 12)) / 3), (trunk,)))
        nodes.append(Node(f"relu{i}", ops.ReLU(), (f"fc{i}",)))
        trunk = f"relu{i}"
    ann = Ann((12,), (*nodes, Node("out", ops.Linear(np.eye(12)), (trunk,))))
    thresholds = dict.fromkeys(ann.names_of(ops.ReLU), 2.0)
    made, x = lower(ann, thresholds), rng.random((20, 12))
    exact_answer = quantized_activations(ann, x, thresholds, ("out",), phases=8)["out"]
    ticks = 7 * 8
    ordinary = simulate_batch(phase_coding(made, 8), x, ticks=ticks)
    exactly = simulate_batch(bistable(made, 8), x, ticks=ticks)
    error = np.array([run.output * 8 / ticks for run in ordinary]) - exact_answer
    words_error = np.array([run.output for run in exactly]) - exact_answer
    assert np.mean(np.abs(words_error)) < 2.0**-12
    assert np.mean(np.abs(error)) > 2.0**-7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"phases": 0}, "phases: expected an int in 1..16, found 0"),
        ({"phases": 17}, "phases: expected an int"),
        ({"phases": 4, "coding": "rate"}, 'coding: expected "analog" or "phase", found'),
    ],
)
def test_impossible_parameters_are_refused(options, message):
    ann = Ann((1,), (Node("relu", ops.ReLU()), Node("fc", ops.Linear([[1.0]]), ("relu",))))
    with pytest.raises(ConversionError, match=message):
        bsnn(ann, np.ones((1, 1)), **options)


def test_stages_survive_a_second_join():
    """One delayed layer serves all that need it."""
    conv = ops.Conv2d(np.ones((1, 1, 1, 1)))
    nodes = [Node("r0", ops.ReLU())]
    for i in range(3):
        nodes += [Node(f"c{i}", conv, (f"r{i}",)), Node(f"a{i}", ops.Add(), (f"c{i}", "r0"))]
        nodes += [Node(f"r{i + 1}", ops.ReLU(), (f"a{i}",))]
    nodes += [Node("flat", ops.Flatten(), ("r3",)), Node("fc", ops.Linear([[1.0]]), ("flat",))]
    network = bistable(
        lower(Ann((1, 1, 1), tuple(nodes)), dict.fromkeys([f"r{i}" for i in range(4)], 1.0)), 2
    )
    relays = [k for k in network.layers if isinstance(k.neuron, Synchronous)]
    assert [k.neuron.stage for k in relays] == [2, 3]
    assert isinstance(network.layer("r3"), Layer)


def test_a_delayed_input_and_words_may_meet_in_a_relay():
    """What an image becomes before any neuron reaches a sum late, and as no word of its own."""
    nodes = (
        Node("before", ops.Add(), ("input", "input")),
        Node("double", ops.Add(), ("before", "before")),
        Node("relu", ops.ReLU(), ("double",)),
        Node("sum", ops.Add(), ("relu", "double")),
        Node("twice", ops.Add(), ("sum", "sum")),
        Node("flat", ops.Flatten(), ("twice",)),
        Node("fc", ops.Linear([[0.75]]), ("flat",)),
    )
    ann = Ann((1, 1, 1), nodes)
    network = bistable(lower(ann, {"relu": 1.0}), 2, readings=None, image=False)
    x = np.full((1, 1, 1, 1), 0.75)
    run = run_all(network, phase_coded(x, 2), 1)
    check_all_words(network, run, ann, {"relu": 1.0}, x, phases=2, rounding=True)
