"""Nothing is lost between what arrives at a layer and what it emits and keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.link import delay_groups
from eventsnn.description.network import Layer
from eventsnn.description.neurons import IF, LI, LIF, Burst, PhaseIF, Signed, Subtract
from eventsnn.oracle.synapses import apply_chain
from eventsnn.signals.currents import Currents
from eventsnn.signals.spikes import Spikes
from eventsnn.testing.properties.observation import Observed, observe
from eventsnn.testing.properties.outcome import DoesNotApply, Held, Outcome
from eventsnn.testing.properties.rounding import bounds_of, is_exact, without_bounds
from eventsnn.testing.strategies import Case

__all__ = ["conservation"]

Array = NDArray[np.float64]


def conservation(case: Case) -> Outcome:
    """``theta n = input + V0 - V``: of each neuron that integrates and resets by subtraction.

    n is the sum of the emitted amplitudes, theta what one takes off, the input all that
    arrived within the run: bias, currents, and the product of each chain with the emissions
    of its source, by `eventsnn.oracle.apply_chain`. Exact within the exactness budget, else within
    `eventsnn.testing.rounding_bounds`. A neuron that met its floor ``v_min`` was lifted
    by it, so it may have more: ``theta n >= input + V0 - V``; one that met its ceiling ``v_max``
    may have less.

    Layers that leak, are refractory, have noise, reset otherwise or not at all, or speak in
    words of a stage are left out, by name.

    Raises:
        AssertionError: layer and neuron, and both sides of the equation.
    """
    left_out = {layer.name: why for layer in case.network.layers if (why := _not_conserving(layer))}
    layers = [layer for layer in case.network.layers if layer.name not in left_out]
    reasons = ", ".join(f"`{name}` {why}" for name, why in left_out.items())
    if not layers:
        return DoesNotApply(f"no layer integrates without loss: {reasons}")
    if why := without_bounds(case.network):
        return DoesNotApply(why)
    bounds = dict.fromkeys(case.network.shapes, 0.0) if is_exact(case) else bounds_of(case)
    observed = observe(case)
    emitted = _emitted(case, observed)
    spikes = 0
    for layer in layers:
        _check(case, layer, observed, _arrived(case, layer, emitted), bounds[layer.name])
        spikes += int(np.count_nonzero(observed.spikes[layer.name]))
    how = "exact" if not any(bounds.values()) else "up to rounding"
    but = f"; not of {reasons}" if reasons else ""
    return Held(f"{how}, of {len(layers)} of {len(case.network.layers)} layers{but}", spikes)


def _not_conserving(layer: Layer) -> str | None:
    match layer.neuron:
        case IF() | LIF() as neuron:
            if isinstance(neuron, LIF) and np.any(np.asarray(neuron.decay) != 1):
                return "leaks"
            if not isinstance(neuron.reset, Subtract):
                return "does not reset by subtraction"
            if np.any(np.asarray(neuron.refractory) > 0):
                return "is refractory"
            return None if neuron.noise is None else "has noise"
        case LI(decay=decay):
            return "leaks" if np.any(np.asarray(decay) != 1) else None
        case Burst() | Signed() | PhaseIF():
            return None
        case _:
            return f"is a {type(layer.neuron).__name__}"


def _emitted(case: Case, observed: Observed) -> dict[str, Array]:
    """What inputs and layers emit in each tick, (ticks, *shape); currents too."""
    found: dict[str, Array] = dict(observed.spikes)
    for name, value in case.inputs.items():
        match value:
            case Spikes():
                found[name] = value.to_dense(case.ticks)
            case Currents():
                found[name] = np.stack([value.at(tick) for tick in range(case.ticks)])
            case _:
                image = np.asarray(value, dtype=np.float64)
                found[name] = np.broadcast_to(image, (case.ticks, *image.shape))
    return found


def _arrived(case: Case, layer: Layer, emitted: Mapping[str, Array]) -> Array:
    total = case.ticks * np.broadcast_to(layer.bias, layer.shape)
    for link in layer.links:
        for group in delay_groups(link, case.network.shapes[link.source]):
            sums = emitted[link.source][: max(case.ticks - group.delay, 0)].sum(axis=0)
            if group.members is not None:
                sums = np.where(group.members, sums, 0.0)
            total = total + apply_chain(group.chain, sums)
    return total


def _taken(neuron: Any) -> Array:
    """What one unit of amplitude takes off the potential."""
    if isinstance(neuron, LI):
        return np.zeros(())
    if isinstance(neuron, IF | LIF) and isinstance(neuron.reset, Subtract):
        amount = neuron.reset.amount
        return np.asarray(neuron.threshold if amount is None else amount)
    return np.asarray(neuron.threshold)


def _check(case: Case, layer: Layer, observed: Observed, arrived: Array, bound: float) -> None:
    name, neuron = layer.name, layer.neuron
    v0 = np.asarray(getattr(neuron, "v0", 0.0))
    left = _taken(neuron) * observed.spikes[name].sum(axis=0)
    right = arrived + v0 - observed.potentials[name][-1]
    short, over = left < right - bound, left > right + bound
    floor = getattr(neuron, "v_min", None)
    if floor is not None:
        met = np.any(observed.tested[name] <= np.asarray(floor) + bound, axis=0)
        met |= np.broadcast_to(v0 < floor, layer.shape)
        over &= ~met
    ceiling = getattr(neuron, "v_max", None)
    if ceiling is not None:
        short &= ~np.any(observed.tested[name] >= np.asarray(ceiling) - bound, axis=0)
    wrong = np.argwhere(short | over)
    if wrong.size:
        at = tuple(int(i) for i in wrong[0])
        raise AssertionError(
            f"layer `{name}`, neuron {at}, after tick {case.ticks - 1}: theta x spikes = "
            f"{left[at]:.17g}, but input + V0 - V = {right[at]:.17g}; rounding explains {bound:.3g}"
        )
