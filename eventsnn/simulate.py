"""The one verb: run a network on inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from eventsnn.currents import Currents
from eventsnn.engine.execute import run_chunk
from eventsnn.engine.granularity import choose_granularity
from eventsnn.engine.inputs import InputValue, as_samples
from eventsnn.engine.plan import Granularity, Order, Precision, make_plan
from eventsnn.errors import InputError
from eventsnn.network import Network, refuse_what_is_no_network
from eventsnn.record import Record
from eventsnn.run import Run
from eventsnn.spikes import Spikes

__all__ = ["check_ticks", "simulate"]

_CHUNK = 8  # samples per task: long enough to hide its overhead, short enough to share fairly


@overload
def simulate(
    network: Network,
    inputs: Spikes | Currents,
    *,
    ticks: int,
    record: Record = ...,
    workers: int = ...,
    precision: Precision | None = ...,
    order: Order = ...,
    granularity: Granularity | None = ...,
    seed: int = ...,
    fused: bool = ...,
) -> Run: ...
@overload
def simulate(
    network: Network,
    inputs: Sequence[Spikes] | Sequence[Currents],
    *,
    ticks: int,
    record: Record = ...,
    workers: int = ...,
    precision: Precision | None = ...,
    order: Order = ...,
    granularity: Granularity | None = ...,
    seed: int = ...,
    fused: bool = ...,
) -> list[Run]: ...
@overload
def simulate(
    network: Network,
    inputs: NDArray[Any] | Mapping[str, InputValue],
    *,
    ticks: int,
    record: Record = ...,
    workers: int = ...,
    precision: Precision | None = ...,
    order: Order = ...,
    granularity: Granularity | None = ...,
    seed: int = ...,
    fused: bool = ...,
) -> Any: ...
def simulate(
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
) -> Run | list[Run]:
    """Run ``network`` on one sample, or on a batch.

    Args:
        network: the description.
        inputs: for the only input, or by name: an array of the input's shape (a constant
            current in every tick), `Spikes`, or `Currents`; with a leading axis, or as a
            list of `Spikes` or `Currents`, a batch. State is reset between samples.
        ticks: how many, >= 1.
        record: what to keep besides the read-out and the counts.
        workers: threads over the samples of a batch. The results do not depend on it.
        precision: ``float32``, or ``float64`` for sums that need more than 24 bits. None
            is float32, unless a layer leaks or is touched.
        order: ``by_layer`` or ``by_tick``; same spikes, same counts, other speed.
        granularity: ``swept``, ``touched``, or a mapping from layer names to these. Sweeps
            suit converted networks, where most neurons are reached in every tick;
            touching suits event streams. None looks at the inputs and chooses for each
            layer. Same spikes, same counts.
        seed: of the noise of layers that have any; sample i of a batch draws its own.
        fused: run the layers that allow it over all ticks in one pass, their spikes as bits;
            False runs everything through the priority queue. ``docs/engine.md`` says which
            layers these are. Same spikes, same counts; other speed, and where sums round, the
            order of additions of ``docs/semantics.md``.

    Returns:
        One `Run`, or one per sample of a batch.

    Raises:
        InputError: inputs, ticks or records that do not fit the network.
        NetworkError: ``network`` is something else.
    """
    refuse_what_is_no_network(network)
    record = Record() if record is None else record
    check_ticks(ticks)
    record.check_names(network)
    if workers < 1:
        raise InputError(f"workers must be >= 1, found {workers}")
    samples, batched = as_samples(network, inputs)
    chosen = choose_granularity(network, samples) if granularity is None else granularity
    plan = make_plan(
        network, precision=precision, order=order, granularity=chosen, seed=seed, fused=fused
    )
    if not batched:
        return run_chunk(plan, samples, ticks, record)[0]
    chunks = [(i, samples[i : i + _CHUNK]) for i in range(0, len(samples), _CHUNK)]
    with ThreadPoolExecutor(workers) as executor:
        futures = [executor.submit(run_chunk, plan, chunk, ticks, record, i) for i, chunk in chunks]
        return [run for future in futures for run in future.result()]


def check_ticks(ticks: int) -> None:
    """Refuse anything but a positive int.

    Raises:
        InputError: says what was found.
    """
    if not isinstance(ticks, int | np.integer) or isinstance(ticks, bool) or ticks < 1:
        raise InputError(f"ticks must be an int >= 1, found {ticks!r}")
