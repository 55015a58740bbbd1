"""What bistable layers said, beside the quantized ANN."""

from __future__ import annotations

import numpy as np

from converters import ops, quantized_activations
from eventsnn import Bistable, PhaseMaximum, Record, reading_ticks, simulate


def words(network, run, name, readings):
    """What a layer said, (readings, *shape): amplitudes summed over each cycle."""
    spikes, phases = run.spikes[name], network.layer(network.output).neuron.phases
    train = spikes.to_dense(run.ticks + 2 * phases).reshape(run.ticks + 2 * phases, -1)
    starts = range(phases * stage_of(network, name), run.ticks, 2 * phases)
    said = [train[start : start + phases].sum(axis=0) for start in starts]
    assert np.sum(said) == train.sum(), f"{name} spoke while it should listen"
    return np.reshape(said[:readings], (readings, *spikes.shape))


def stage_of(network, name):
    """The stage of the words of a layer: of its source, for max pooling."""
    if name not in {layer.name for layer in network.layers}:
        return 0
    layer = network.layer(name)
    if isinstance(layer.neuron, PhaseMaximum):
        return stage_of(network, layer.links[0].source)
    return layer.neuron.stage


def check_all_words(network, run, ann, thresholds, x, *, phases, rounding):
    """Every layer of every reading against the quantized ANN; reading r saw image r."""
    said = [
        layer.name
        for layer in network.layers
        if type(layer.neuron) in (Bistable, PhaseMaximum) and layer.name in ann.by_name
    ]
    expected = quantized_activations(
        ann, x, thresholds, (*said, ann.output), phases=phases, rounding=rounding
    )
    for name in said:
        relu = name
        while not isinstance(ann.by_name[relu].op, ops.ReLU):
            relu = ann.by_name[relu].inputs[0]
        found = words(network, run, name, len(x)) * np.asarray(thresholds[relu])
        np.testing.assert_array_equal(found, expected[name], err_msg=name)
    at = reading_ticks(network, len(x)) - 1
    readings = run.potentials[network.output][at]
    np.testing.assert_array_equal(readings, expected[ann.output])


def run_all(network, inputs, readings):
    """With everything recorded; without, packets are added a cycle at a time."""
    common = {"ticks": int(reading_ticks(network, readings)[-1]), "precision": "float64"}
    run = simulate(network, inputs, record=Record.everything(network), **common)
    unrecorded = simulate(network, inputs, **common)
    assert np.array_equal(unrecorded.output, run.output)
    assert unrecorded.counts == run.counts
    return run
