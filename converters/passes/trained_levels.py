"""What networks trained for conversion say about the number of ticks and the thresholds."""

from __future__ import annotations

import dataclasses
import math
import warnings

from converters.ann import ops
from converters.ann.graph import Ann
from eventsnn import ConversionError

__all__ = ["advised_phases", "advised_ticks", "trained_ceilings", "without_exact_levels"]


def trained_ceilings(ann: Ann) -> dict[str, float]:
    """The ceilings of ReLUs that were trained with levels: their neurons' thresholds.

    A neuron with threshold theta = ceiling that starts from theta / 2 gives, at a constant
    current after T = L ticks, exactly the L levels of the activation (Bu et al., ICLR 2022).

    Levels that are not uniform are no rates; of them the ceiling alone is used, with a warning.
    """
    found, uneven = {}, []
    for name in ann.names_of(ops.ReLU):
        relu = ann.by_name[name].op
        assert isinstance(relu, ops.ReLU)
        if relu.levels is None or relu.ceiling is None:
            continue
        found[name] = relu.ceiling
        if not isinstance(relu.levels, int):
            uneven.append(name)
    if uneven:
        warnings.warn(
            f"{len(uneven)} activations (`{uneven[0]}` first) have levels that are not uniform; a "
            f"rate has equal steps, so only the largest level is used, as a ceiling",
            UserWarning,
            stacklevel=3,
        )
    return found


def advised_ticks(ann: Ann, ticks: int | None) -> int:
    """``ticks``, or the number of levels that the network was trained with.

    Raises:
        ConversionError: neither.
    """
    if ticks is None:
        levels = _levels(ann)
        if not levels:
            raise ConversionError(
                "ticks: expected an int >= 1; only a network whose activations were trained with "
                "levels says how many it wants, for others give --ticks T (ticks=T)"
            )
        return max(levels)
    if not isinstance(ticks, int) or isinstance(ticks, bool) or ticks < 1:
        raise ConversionError(f"ticks: expected an int >= 1, found {ticks!r}")
    return ticks


def advised_phases(ann: Ann, phases: int | None) -> int:
    """``phases``, or the bits of a word for the levels that the network was trained with.

    Raises:
        ConversionError: neither.
    """
    if phases is None:
        levels = _levels(ann)
        if not levels:
            raise ConversionError(
                "phases: expected an int in 1..16; only a network whose activations were trained "
                "with levels says how many it wants, for others give --phases K (phases=K)"
            )
        return math.ceil(math.log2(max(levels) + 1))
    if not isinstance(phases, int) or not 1 <= phases <= 16:
        raise ConversionError(f"phases: expected an int in 1..16, found {phases!r}")
    return phases


def without_exact_levels(ann: Ann, phases: int) -> tuple[Ann, dict[str, float]]:
    """The ReLUs whose 2^K - 1 levels are the words of K bits: without ceiling, and their theta.

    With ``theta = ceiling 2^K / (2^K - 1)`` the largest word is the ceiling itself, so nothing
    needs to bound it.
    """
    theta = {
        node.name: node.op.ceiling / (1 - 2.0**-phases)
        for node in ann.nodes
        if isinstance(node.op, ops.ReLU)
        and node.op.levels == 2**phases - 1
        and node.op.ceiling is not None
    }
    nodes = tuple(
        dataclasses.replace(node, op=ops.ReLU()) if node.name in theta else node
        for node in ann.nodes
    )
    return Ann(ann.input_shape, nodes, ann.output), theta


def _levels(ann: Ann) -> list[int]:
    relus = (ann.by_name[name].op for name in ann.names_of(ops.ReLU))
    return [r.levels for r in relus if isinstance(r, ops.ReLU) and isinstance(r.levels, int)]
