"""Faults of what is counted."""

from __future__ import annotations

from planted_faults.fault import Fault

__all__ = ["COUNTS"]

COUNTS = {
    "border fan-out": Fault(
        "eventsnn/windows.py",
        "np.asarray(taps(sources, targets, kernel, stride",
        "np.asarray(taps(sources, targets, kernel + 1, stride",
    ),
    "fan-out with x and y swapped": Fault(
        "eventsnn/description/fan_out.py",
        "pair(synapse.stride)[a],",
        "pair(synapse.stride)[1 - a],",
    ),
    "fan-out into other groups": Fault(
        "eventsnn/description/fan_out.py",
        "[group[:, None] == target_group, rows, columns]",
        "[group[:, None] <= target_group, rows, columns]",
    ),
    "negative weights are no synapses": Fault(
        "eventsnn/description/nonzero_fan_out.py",
        "matrix_product(reached.astype(np.float32), (np.asarray(weight) != 0).T) > 0",
        "matrix_product(reached.astype(np.float32), (np.asarray(weight) > 0).T) > 0",
    ),
    "multiplications counted as additions": Fault(
        "eventsnn/kernels/deliver.py",
        "            elif _is_shift(amplitude[k]):",
        "            else:",
    ),
    "amplitudes of several spikes counted as one": Fault(
        "eventsnn/kernels/deliver.py",
        "fan *= np.int64(abs(amplitude[k]))",
        "fan *= np.int64(min(abs(amplitude[k]), 1))",
    ),
    "spikes counted before they arrive": Fault(
        "eventsnn/engine/counting.py",
        "self.spikes()[self.tick + delay < ticks]",
        "self.spikes()[self.tick + delay <= ticks]",
    ),
    "a link's count lost": Fault(
        "eventsnn/counts/counts.py",
        "totals[link.target] += link.synops",
        "totals[link.target] = link.synops",
    ),
    "resets counted where nothing resets": Fault(
        "eventsnn/engine/counting.py",
        "return 0 if isinstance(reset, NoReset) else",
        "return 0 if reset is None else",
    ),
    "bias of words counted in every tick": Fault(
        "eventsnn/engine/counting.py",
        "return until - before",
        "return end - first",
    ),
    "operations after a tick too many": Fault(
        "eventsnn/engine/counting.py",
        "np.searchsorted(tick, points)",
        'np.searchsorted(tick, points, side="right")',
    ),
    "images multiplied after the end": Fault(
        "eventsnn/engine/counting.py",
        "if source == node and tick < ticks:",
        "if source == node and tick <= ticks:",
    ),
    "an image's additions begin late": Fault(
        "eventsnn/engine/counting.py",
        "since[layer] = min(since.get(layer, ticks), arrival.tick)",
        "since[layer] = max(since.get(layer, 0), arrival.tick)",
    ),
}
