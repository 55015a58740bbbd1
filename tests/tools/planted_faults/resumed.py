"""Faults of stopping and going on, and of the queue that waits in between."""

from __future__ import annotations

from planted_faults.fault import Fault

__all__ = ["RESUMED"]

RESUMED = {
    "an entry of the queue is lost between two components": Fault(
        "eventsnn/kernels/heap.py",
        "for k in range(entries.shape[1]):",
        "for k in range(entries.shape[1] - 1):",
    ),
    "what waits in the queue is lost when a run stops": Fault(
        "eventsnn/engine/execute.py",
        "[:, :size].copy()",
        "[:, :0].copy()",
    ),
    "spikes enter again when a run goes on": Fault(
        "eventsnn/kernels/feed.py",
        "if state.links[link].fed >= 0:",
        "if state.links[link].fed < -1:",
    ),
    "currents enter again when a run goes on": Fault(
        "eventsnn/kernels/feed.py",
        "state.links[link].fed_analog = pool.analog.size",
        "state.links[link].fed_analog = 0",
    ),
    "runs that go on share their state": Fault(
        "eventsnn/engine/execute.py",
        "self._state = _copy(snapshot.state)",
        "self._state = snapshot.state",
    ),
    "a neuron's wake stays after it was woken": Fault(
        "eventsnn/kernels/entries.py",
        "state.neuron_wake[layers.table[layer].lazy_start + i] = NEVER",
        "state.neuron_wake[layers.table[layer].lazy_start + i] += 0",
    ),
}
