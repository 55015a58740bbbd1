"""The one verb: run a network, on one sample or on each of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from eventsnn.description.network import Network, refuse_what_is_no_network
from eventsnn.engine.choices import Granularity, Order, Precision
from eventsnn.errors import InputError
from eventsnn.record import Record
from eventsnn.run import Run
from eventsnn.signals.samples import InputValue, Sample, as_samples, warn_of_scales

if TYPE_CHECKING:
    from eventsnn.engine.plan import Plan

__all__ = ["check_ticks", "simulate", "simulate_batch"]

_CHUNK = 8  # samples per task: long enough to hide its overhead, short enough to share fairly


def simulate(
    network: Network,
    inputs: InputValue | Mapping[str, InputValue],
    *,
    ticks: int,
    record: Record | None = None,
    precision: Precision | None = None,
    order: Order = "by_layer",
    granularity: Granularity | None = None,
    seed: int = 0,
    fused: bool = True,
) -> Run:
    """Run ``network`` on one sample.

    Args:
        network: the description.
        inputs: for the only input, or by name: an array of the input's shape, coded as the
            input says (by default a constant current in every tick), `Spikes`, or `Currents`.
        ticks: how many, >= 1.
        record: what to keep besides the read-out and the counts.
        precision: ``float32``, or ``float64`` for sums that need more than 24 bits. None
            is float32, unless a layer leaks or is touched.
        order: ``by_layer`` or ``by_tick``; same spikes, same counts, other speed.
        granularity: ``swept``, ``touched``, or a mapping from layer names to these. Sweeps
            suit converted networks, where most neurons are reached in every tick;
            touching suits event streams. None looks at the inputs and chooses for each
            layer. Same spikes, same counts.
        seed: of the noise of layers that have any.
        fused: run the layers that allow it over all ticks in one pass, their spikes as bits;
            False runs everything through the priority queue. ``docs/engine.md`` says which
            layers these are. Same spikes, same counts; other speed, and where sums round, the
            order of additions of ``docs/semantics.md``.

    Raises:
        InputError: inputs, ticks or records that do not fit the network, or a batch.
        NetworkError: ``network`` is something else.
    """
    from eventsnn.engine.execute import run_chunk

    record = _checked(network, ticks, record)
    warn_of_scales(network, inputs)
    samples, batched = as_samples(network, inputs)
    if batched:
        raise InputError(
            f"simulate runs one sample, found a batch of {len(samples)}; "
            f"simulate_batch runs batches"
        )
    plan = _plan(network, samples, precision, order, granularity, seed, fused=fused)
    return run_chunk(plan, samples, ticks, record)[0]


def simulate_batch(
    network: Network,
    inputs: InputValue | Mapping[str, InputValue],
    *,
    ticks: int,
    record: Record | None = None,
    workers: int = 1,
    precision: Precision | None = None,
    order: Order = "by_layer",
    granularity: Granularity | None = None,
    seed: int = 0,
    fused: bool = True,
) -> list[Run]:
    """Run ``network`` on each sample of a batch; state is reset between samples.

    Args:
        inputs: as for `simulate`, with a leading axis, or as a list of `Spikes` or
            `Currents`.
        workers: threads over the samples. The results do not depend on it.
        network, ticks, record, precision, order, granularity, fused: see `simulate`.
        seed: of the noise of layers that have any; sample i draws its own.

    Raises:
        InputError: inputs, ticks, workers or records that do not fit the network, or no batch.
        NetworkError: ``network`` is something else.
    """
    from eventsnn.engine.execute import run_chunk

    record = _checked(network, ticks, record)
    if workers < 1:
        raise InputError(f"workers must be >= 1, found {workers}")
    warn_of_scales(network, inputs)
    samples, batched = as_samples(network, inputs)
    if not batched:
        raise InputError(
            "simulate_batch runs a batch, found the inputs of one sample; simulate runs one, "
            "inputs[None] is a batch of one image"
        )
    plan = _plan(network, samples, precision, order, granularity, seed, fused=fused)
    chunks = [(i, samples[i : i + _CHUNK]) for i in range(0, len(samples), _CHUNK)]
    with ThreadPoolExecutor(workers) as executor:
        futures = [executor.submit(run_chunk, plan, chunk, ticks, record, i) for i, chunk in chunks]
        return [run for future in futures for run in future.result()]


def _plan(
    network: Network,
    samples: list[Sample],
    precision: Precision | None,
    order: Order,
    granularity: Granularity | None,
    seed: int,
    *,
    fused: bool,
) -> Plan:
    # imported here: the engine loads the compiler, which takes a second that `--help` spares
    from eventsnn.engine.granularity import choose_granularity
    from eventsnn.engine.plan import make_plan

    chosen = choose_granularity(network, samples) if granularity is None else granularity
    return make_plan(
        network, precision=precision, order=order, granularity=chosen, seed=seed, fused=fused
    )


def _checked(network: Network, ticks: int, record: Record | None) -> Record:
    refuse_what_is_no_network(network)
    record = Record() if record is None else record
    check_ticks(ticks)
    record.check_names(network)
    return record


def check_ticks(ticks: int) -> None:
    """Refuse anything but a positive int of 31 bits, as ticks are kept.

    Raises:
        InputError: says what was found.
    """
    if not isinstance(ticks, int | np.integer) or isinstance(ticks, bool) or ticks < 1:
        raise InputError(f"ticks must be an int >= 1, found {ticks!r}")
    if ticks >= 2**31:
        raise InputError(f"ticks must be less than 2^31, found {ticks}")
