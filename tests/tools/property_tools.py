"""Networks at rest, and simulators with something wrong, for the tests of properties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

from eventsnn import (
    IF,
    LIF,
    Currents,
    Input,
    Layer,
    Linear,
    Link,
    Network,
    Relay,
    Spikes,
)
from eventsnn.description.neurons import Maximum, Synchronous
from eventsnn.simulate import simulate, simulate_batch
from eventsnn.testing.transformations.parameters import map_arrays

BIASED = Relay | Maximum | Synchronous


def at_rest(case):
    """Without bias, noise and initial potentials."""

    def still(field, values):
        return values * 0 if field.name == "v0" else values

    layers = []
    for layer in case.network.layers:
        neuron = map_arrays(layer.neuron, still)
        if isinstance(neuron, IF | LIF):
            neuron = replace(neuron, noise=None)
        layers.append(replace(layer, neuron=neuron, bias=0.0))
    return replace(case, network=replace(case.network, layers=tuple(layers)))


def draws(strategy, check, number):
    """What ``check`` says of so many draws, the same each time."""
    outcomes = []

    @settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def look(case):
        outcomes.append(check(case))

    look()
    return outcomes


def every_layer(change):
    """A function of networks from one of layers."""
    return lambda network: replace(network, layers=tuple(map(change, network.layers)))


def more_bias(layer, more=0.125):
    return layer if isinstance(layer.neuron, BIASED) else replace(layer, bias=layer.bias + more)


def first_channel_biased(layer):
    if isinstance(layer.neuron, BIASED):
        return layer
    bias = np.array(np.broadcast_to(layer.bias, layer.shape))
    bias[0] += 0.5
    return replace(layer, bias=bias)


def rest_biased(layer):
    return more_bias(layer) if layer.name.endswith(".rest") else layer


def last_link_twice(layer):
    if isinstance(layer.neuron, BIASED):
        return layer
    return replace(layer, links=(*layer.links, layer.links[-1]))


def late_from_relays(layer):
    links = (
        replace(link, delay=link.delay + 1) if link.source.endswith(".way") else link
        for link in layer.links
    )
    return replace(layer, links=tuple(links))


def running(change):
    """A simulator of other networks than it is given."""
    return lambda network, inputs, **options: simulate(change(network), inputs, **options)


def never_silent(network, inputs, *, ticks, **options):
    """For a hundred ticks, as nobody waits for a million of them."""
    changed = every_layer(more_bias)(network)
    return simulate(changed, inputs, ticks=min(ticks, 100), **options)


def without_tick_0(network, inputs, **options):
    heard = {name: _later(value) for name, value in inputs.items()}
    return simulate(network, heard, **options)


def _later(value):
    if not isinstance(value, Spikes):
        return value if isinstance(value, Currents) else Currents((0,), value[None] * 0)
    kept = value.tick > 0
    return Spikes(value.shape, value.tick[kept], value.index[kept], value.amplitude[kept])


def loses_a_spike(network, inputs, **options):
    run = simulate(network, inputs, **options)
    spikes = {name: _shorter(train) for name, train in run.spikes.items()}
    return replace(run, spikes=spikes)


def _shorter(train):
    return Spikes(train.shape, train.tick[:-1], train.index[:-1], train.amplitude[:-1])


def counts_one_more(network, inputs, **options):
    run = simulate(network, inputs, **options)
    first, *others = run.counts.links
    links = (replace(first, synops=first.synops + 1), *others)
    return replace(run, counts=replace(run.counts, links=links))


def differs_on_workers(network, inputs, *, workers=1, **options):
    if workers == 1:
        return simulate_batch(network, inputs, **options)
    biased = every_layer(more_bias)(network)
    return simulate_batch(biased, inputs, workers=workers, **options)


def two_layers(threshold=1.0):
    """Three inputs, two neurons, one neuron: everything applies to it."""
    rng = np.random.default_rng(0)
    first = Link("in", (Linear(rng.integers(1, 5, (2, 3)) / 4),), 1)
    return Network(
        (Input("in", (3,)),),
        (
            Layer("hidden", (2,), IF(threshold), (first, Link("in", (Linear(np.ones((2, 3))),)))),
            Layer("out", (1,), IF(1.5), (Link("hidden", (Linear(np.ones((1, 2))),)),)),
        ),
    )


def runs_are_equal(a, b):
    assert a.ticks == b.ticks
    assert a.counts == b.counts
    assert a.spikes == b.spikes
    assert np.array_equal(a.output, b.output)
    for name in a.potentials:
        assert np.array_equal(a.potentials[name], b.potentials[name])
        assert np.array_equal(a.potentials_before_reset[name], b.potentials_before_reset[name])
