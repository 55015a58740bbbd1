"""Views of the counters: by hand, and equal to what the installed tools say."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from eventsnn import (
    IF,
    LI,
    AvgPool2d,
    Conv2d,
    Flatten,
    Input,
    InputError,
    Layer,
    Linear,
    Link,
    Network,
    Relay,
    Spikes,
    Subsample,
    simulate,
    simulate_batch,
)
from eventsnn.counts.other_tools import as_neurobench, as_sinabs, as_spikingjelly

SAMPLES, TICKS = 3, 7


def pruned(rng, *shape):
    """Dyadic weights, so that float32 adds exactly; a third of them 0."""
    return rng.integers(-2, 5, shape) / 4 * (rng.random(shape) < 2 / 3)


def network(pool=()):
    rng = np.random.default_rng(5)
    side = 4 if pool else 8
    layers = (
        Layer(
            "a",
            (4, 8, 8),
            IF(),
            (Link("in", (Conv2d(pruned(rng, 4, 2, 3, 3), padding=1),)),),
        ),
        Layer(
            "b",
            (6, side // 2, side // 2),
            IF(),
            (Link("a", (*pool, Conv2d(pruned(rng, 6, 2, 3, 3), 2, 1, groups=2))),),
        ),
        Layer(
            "out",
            (5,),
            LI(),
            (Link("b", (Flatten(), Linear(pruned(rng, 5, 6 * (side // 2) ** 2)))),),
        ),
    )
    return Network((Input("in", (2, 8, 8)),), layers)


def trains():
    rng = np.random.default_rng(6)
    return rng.random((SAMPLES, TICKS, 2, 8, 8)) < 0.3


def summed_counts(net):
    runs = simulate_batch(net, [Spikes.from_dense(train) for train in trains()], ticks=TICKS)
    total = runs[0].counts
    for run in runs[1:]:
        total += run.counts
    return total


def small(weight, source):
    """Two neurons into three, one tick; the input is passed on as it is."""
    layers = (
        Layer("a", (2,), source, (Link("in"),)),
        Layer("out", (3,), LI(), (Link("a", (Linear(np.array(weight)),)),)),
    )
    return Network((Input("in", (2,)),), layers)


def test_views_by_hand():
    net = small([[1.0, 0.0], [0.0, 0.0], [2.0, 1.0]], IF())
    counts = simulate(net, Spikes((2,), np.array([0, 0, 1]), np.array([0, 1, 0])), ticks=4).counts
    # neuron 0 spikes twice (2 of 3 weights), neuron 1 once (1 of 3)
    assert as_neurobench(counts, net, samples=1, ticks=4) == {
        "Footprint": 24,
        "ConnectionSparsity": 0.5,
        "ActivationSparsity": 1 - 3 / 8,
        "SynapticOperations": {"Effective_MACs": 0.0, "Effective_ACs": 5.0, "Dense": 24.0},
    }
    assert as_sinabs(counts, net, samples=1, ticks=4) == {
        "synops_per_timestep": {"out": 9 / 4},
        "total_synops_per_timestep": 9 / 4,
    }
    assert as_spikingjelly(counts, net) == {"Global": 9, "out": 9}


def test_multiplications_are_macs_for_one_and_nothing_for_the_other():
    net = small([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0]], Relay())
    spikes = Spikes((2,), np.array([0, 1]), np.array([0, 1]), np.array([0.3, 0.3]))
    counts = simulate(net, spikes, ticks=2).counts
    figures = as_neurobench(counts, net, samples=1, ticks=2)["SynapticOperations"]
    assert figures == {"Effective_MACs": 5.0, "Effective_ACs": 0.0, "Dense": 12.0}
    assert as_spikingjelly(counts, net) == {"Global": 0, "out": 0}


def test_a_constant_image_is_multiplied_in_every_step():
    weight = np.array([[1.0, 0.0, 2.0], [3.0, 4.0, 5.0]])
    net = Network(
        (Input("in", (3,)),),
        (Layer("out", (2,), LI(), (Link("in", (Linear(weight),)),)),),
    )
    counts = simulate(net, np.array([0.5, 0.5, 0.0]), ticks=10).counts
    figures = as_neurobench(counts, net, samples=1, ticks=10)["SynapticOperations"]
    assert figures == {"Effective_MACs": 30.0, "Effective_ACs": 0.0, "Dense": 60.0}


def test_shortcuts_are_in_no_view():
    layers = (Layer("a", (2,), IF(), (Link("in", (Linear(np.ones((2, 2))),)), Link("in"))),)
    net = Network((Input("in", (2,)),), layers)
    counts = simulate(net, Spikes((2,), np.array([0]), np.array([0])), ticks=1).counts
    assert counts.synops == 3
    assert as_spikingjelly(counts, net) == {"Global": 2, "a": 2}


@pytest.mark.parametrize(
    "view",
    [
        partial(as_neurobench, samples=SAMPLES, ticks=TICKS),
        partial(as_sinabs, samples=SAMPLES, ticks=TICKS),
        as_spikingjelly,
    ],
)
def test_what_cannot_be_told_is_refused(view):
    overlapping = network((AvgPool2d(2, 1), Subsample(2)))
    counts = summed_counts(overlapping)
    with pytest.raises(InputError, match=r"`a` -> `b`: .* cannot be told from counters"):
        view(counts, overlapping)


def test_additions_and_multiplications_of_one_link_are_refused():
    net = Network(
        (Input("in", (2,)),),
        (Layer("out", (3,), LI(), (Link("in", (Linear(np.ones((3, 2))),)),)),),
    )
    spikes = Spikes((2,), np.array([0, 1]), np.array([0, 1]), np.array([1.0, 0.3]))
    counts = simulate(net, spikes, ticks=2).counts
    with pytest.raises(InputError, match="additions or none"):
        as_neurobench(counts, net, samples=1, ticks=2)


def torch_twin(net):
    """The same network in PyTorch; samples and steps share the first axis."""
    torch = pytest.importorskip("torch")

    class Fire(torch.nn.Module):
        def forward(self, x):
            x = x.reshape(SAMPLES, TICKS, *x.shape[1:])
            v, spikes = torch.zeros_like(x[:, 0]), []
            for tick in range(TICKS):
                v = v + x[:, tick]
                spikes.append((v >= 1).to(x.dtype))
                v = v - spikes[-1]
            return torch.stack(spikes, 1).flatten(0, 1)

    modules = []
    for layer in net.layers:
        for synapse in layer.links[0].chain:
            if isinstance(synapse, Conv2d):
                made = torch.nn.Conv2d(
                    synapse.weight.shape[1] * synapse.groups,
                    len(synapse.weight),
                    synapse.weight.shape[2:],
                    synapse.stride,
                    synapse.padding,
                    groups=synapse.groups,
                    bias=False,
                )
            elif isinstance(synapse, Linear):
                made = torch.nn.Linear(*synapse.weight.shape[::-1], bias=False)
            else:
                modules.append(
                    torch.nn.Flatten() if isinstance(synapse, Flatten) else torch.nn.AvgPool2d(2)
                )
                continue
            made.weight.data = torch.tensor(synapse.weight, dtype=torch.float32)
            modules.append(made)
        if isinstance(layer.neuron, IF):
            modules.append(Fire())
    x = torch.tensor(trains().reshape(-1, 2, 8, 8), dtype=torch.float32)
    return torch.nn.Sequential(*modules).requires_grad_(requires_grad=False), x, Fire


@pytest.mark.tools
@pytest.mark.filterwarnings("ignore")
def test_neurobench_says_the_same():
    pytest.importorskip("neurobench")
    from neurobench.metrics.static import ConnectionSparsity, Footprint
    from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
    from neurobench.models import TorchModel

    net = network()
    twin, x, fire = torch_twin(net)
    model = TorchModel(twin)
    model.add_activation_module(fire)
    model.register_hooks()
    out = model(x)
    data = (x.reshape(SAMPLES, TICKS, 2, 8, 8), None)
    found = {metric.__name__: metric()(model) for metric in (Footprint, ConnectionSparsity)}
    found["ActivationSparsity"] = ActivationSparsity()(model, out, data)
    operations = SynapticOperations()(model, out, data)
    found["SynapticOperations"] = {name: float(value) for name, value in operations.items()}
    expected = as_neurobench(summed_counts(net), net, samples=SAMPLES, ticks=TICKS)
    per_sample = expected["SynapticOperations"]
    assert per_sample["Effective_ACs"] > 1000
    # whole numbers of operations, compared before the division by 3
    for name, value in found.pop("SynapticOperations").items():
        assert round(value * SAMPLES, 2) == round(per_sample[name] * SAMPLES, 6)
    assert found == {name: expected[name] for name in found}


@pytest.mark.tools
@pytest.mark.filterwarnings("ignore")
def test_spikingjelly_says_the_same():
    pytest.importorskip("spikingjelly")
    from spikingjelly.activation_based.op_counter import DispatchCounterMode, SynOpCounter

    net = network()
    twin, x, _ = torch_twin(net)
    counter = SynOpCounter()
    with DispatchCounterMode([counter]):
        twin(x)
    found = [sum(counts.values()) for counts in counter.get_counts().values()]
    expected = as_spikingjelly(summed_counts(net), net)
    assert counter.get_total() == expected["Global"] > 1000
    assert sorted(set(found)) == sorted(set(expected.values()))


@pytest.mark.tools
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("pool", [(), (AvgPool2d(2),)])
def test_sinabs_says_the_same(pool):
    pytest.importorskip("sinabs")
    from sinabs.hooks import register_synops_hooks

    net = network(pool)
    twin, x, _ = torch_twin(net)
    register_synops_hooks(twin)
    twin(x)
    expected = as_sinabs(summed_counts(net), net, samples=SAMPLES, ticks=TICKS)
    found = twin.hook_data
    assert float(found["total_synops_per_timestep"]) == pytest.approx(
        expected["total_synops_per_timestep"], rel=1e-5
    )
    by_layer = [float(value) for value in found["synops_per_timestep"].values()]
    assert by_layer == pytest.approx(list(expected["synops_per_timestep"].values()), rel=1e-5)
