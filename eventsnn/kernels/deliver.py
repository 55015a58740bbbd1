"""Deliver the spikes of one packet over one link: stage by stage, and count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eventsnn.kernels.conv import conv_graded, conv_uniform
from eventsnn.kernels.dense import dense_graded, dense_uniform, sparse_graded, sparse_uniform
from eventsnn.kernels.jit import entry_point, jit
from eventsnn.kernels.mark import mark
from eventsnn.kernels.tables import (
    AC,
    COMPARISONS,
    KIND_MAXIMUM,
    MAC,
    STAGE_CONV,
    STAGE_DENSE,
    STAGE_KIND,
    STAGE_TARGETS,
    SYNOPS,
    ZERO,
)

__all__ = ["count", "deliver", "is_whole"]


@jit
def _uniform(
    stages: Any,
    stage: int,
    out: Any,
    out_start: int,
    index: Any,
    scale: float,
    start: int,
    stop: int,
) -> None:
    p = stages.table[stage]
    if p[STAGE_KIND] == STAGE_CONV:
        conv_uniform(out, out_start, stages.weights, stages.taps, p, index, scale, start, stop)
    elif p[STAGE_KIND] == STAGE_DENSE:
        dense_uniform(out, out_start, stages.weights, p, index, scale, start, stop)
    else:
        sparse_uniform(
            out,
            out_start,
            stages.weights,
            stages.row_ptr,
            stages.columns,
            p,
            index,
            scale,
            start,
            stop,
        )


@jit
def _graded(
    stages: Any,
    stage: int,
    out: Any,
    out_start: int,
    index: Any,
    amplitude: Any,
    start: int,
    stop: int,
) -> None:
    p = stages.table[stage]
    if p[STAGE_KIND] == STAGE_CONV:
        conv_graded(out, out_start, stages.weights, stages.taps, p, index, amplitude, start, stop)
    elif p[STAGE_KIND] == STAGE_DENSE:
        dense_graded(out, out_start, stages.weights, p, index, amplitude, start, stop)
    else:
        sparse_graded(
            out,
            out_start,
            stages.weights,
            stages.row_ptr,
            stages.columns,
            p,
            index,
            amplitude,
            start,
            stop,
        )


@jit
def deliver(
    layers: Any,
    links: Any,
    stages: Any,
    state: Any,
    link: int,
    out: Any,
    out_start: int,
    index: Any,
    amplitude: Any,
    graded: bool,
    scale: float,
    start: int,
    stop: int,
) -> None:
    """Add one packet to ``out`` from ``out_start`` on.

    Its spikes have amplitudes of their own if it is graded, else ``scale`` is that of all.
    Between two stages the sums stand in ``state.scratch``, whose nonzero entries are the
    graded spikes of the next stage.
    """
    first, last = links.table[link].stage_start, links.table[link].stage_stop - 1
    target = links.table[link].target
    for stage in range(first, last + 1):
        to, to_start = (out, out_start) if stage == last else (state.scratch, 0)
        if stage > first:
            _graded(
                stages,
                stage,
                to,
                to_start,
                state.scratch_index,
                state.scratch_amplitude,
                ZERO,
                stop,
            )
        elif graded:
            _graded(stages, stage, to, to_start, index, amplitude, start, stop)
        else:
            _uniform(stages, stage, to, to_start, index, scale, start, stop)
        if stage == last and layers.table[target].touched:
            if stage > first:
                mark(layers, stages, state, target, stage, state.scratch_index, ZERO, stop)
            else:
                mark(layers, stages, state, target, stage, index, start, stop)
        if stage < last:
            stop = ZERO
            for i in range(stages.table[stage, STAGE_TARGETS]):
                if state.scratch[i] != 0:
                    state.scratch_index[stop] = i
                    state.scratch_amplitude[stop] = state.scratch[i]
                    state.scratch[i] = 0
                    stop += 1


@jit
def is_whole(amplitude: float) -> bool:
    """Whether an amplitude stands for that many unit spikes."""
    return bool(amplitude == math.floor(amplitude))


@jit
def _is_shift(amplitude: float) -> bool:
    """Whether multiplying by an amplitude is a shift: +-2^-n."""
    mantissa, exponent = math.frexp(abs(amplitude))
    return bool(mantissa == 0.5 and exponent <= 1)


@entry_point
def count(
    layers: Any,
    links: Any,
    state: Any,
    link: int,
    index: Any,
    amplitude: Any,
    start: int,
    stop: int,
) -> None:
    """Add the synaptic operations of one delivered packet to the counters."""
    # An unsigned index needs no test for negative ones: that halves the time of counting.
    fan_out = links.fan_out[links.table[link].fan_start :]
    total = np.int64(0)
    if layers.table[links.table[link].target].kind == KIND_MAXIMUM:
        for k in range(start, stop):
            total += fan_out[np.uint32(index[k])]
        state.registers[COMPARISONS] += total
        return
    additions = np.int64(0)
    if not state.nodes[links.table[link].source].graded:
        for k in range(start, stop):
            total += fan_out[np.uint32(index[k])]
        additions = total
    elif links.table[link].relayed:
        for k in range(start, stop):
            total += fan_out[np.uint32(index[k])]
    else:
        for k in range(start, stop):
            fan = np.int64(fan_out[np.uint32(index[k])])
            if is_whole(amplitude[k]):
                fan *= np.int64(abs(amplitude[k]))
                additions += fan
            elif _is_shift(amplitude[k]):
                additions += fan
            total += fan
    state.synops[link, SYNOPS] += total
    state.synops[link, AC] += additions
    state.synops[link, MAC] += total - additions
