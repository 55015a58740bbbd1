"""Faults to plant in a copy of the package, and how the property tests are run on it.

Each fault is one edit of one file: (file, text before, text after). The tests run on the
copy, uncompiled, in a process of their own: nothing to wait for, and an index out of bounds
raises.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["FAULTS", "run_properties"]

ROOT = Path(__file__).parents[1]
PROPERTIES = ["test_engine_equals_oracle.py", "test_counts.py"]
SELECTION = (
    "test_spikes_and_potentials_are_equal or test_link_counts or test_fan_out_is_the_row_length"
)

FAULTS = {
    "strict threshold": (
        "kernels/fire.py",
        "s = v[i] >= threshold[i]",
        "s = v[i] > threshold[i]",
    ),
    "delay off by one": (
        "kernels/entries.py",
        "tick + links.delay[link],",
        "tick + links.delay[link] + (1 if links.delay[link] > 0 else 0),",
    ),
    "position off by one": (
        "engine/plan.py",
        "key=lambda layer: network.positions[layer.name]",
        "key=lambda layer: (network.positions[layer.name] + 1) % len(network.layers)",
    ),
    "border fan-out": (
        "fan_out.py",
        "inside = (offset >= 0) & (offset <= dilation * (kernel - 1))",
        "inside = (offset >= 0) & (offset <= dilation * kernel)",
    ),
    "border weights": (
        "engine/stages.py",
        "and 0 <= (x + pad - dilation * k) // stride < targets",
        "and 0 <= (x + pad - dilation * k) // stride < targets - (targets > 1)",
    ),
    "bias twice": (
        "kernels/advance.py",
        "v[i] += n * bias[i]",
        "v[i] += 2 * n * bias[i]",
    ),
    "lost wake of a plain layer": (
        "kernels/fire.py",
        "        if again:\n            earliest = tick + 1",
        "        if again:\n            earliest = NEVER",
    ),
    "late wake of a plain layer": (
        "kernels/fire.py",
        "earliest = min(earliest, tick + math.ceil(ticks))",
        "earliest = min(earliest, tick + math.ceil(ticks) + 1)",
    ),
    "lost wake of a neuron": (
        "kernels/loop.py",
        "if state.wanted[k] < NEVER:",
        "if state.wanted[k] < NEVER and k > 0:",
    ),
    "late wake of a neuron": (
        "kernels/lazy.py",
        "return start + max(1, math.ceil(ticks * _EARLY))",
        "return start + max(1, math.ceil(ticks * _EARLY)) + 1",
    ),
    "stale wake suppresses a new one": (
        "kernels/entries.py",
        "state.wake[layer] = NEVER",
        "state.wake[layer] = state.wake[layer]",
    ),
    "heap ignores the position": (
        "kernels/heap.py",
        "(tick[a] == tick[b] and order[a] < order[b])",
        "(tick[a] == tick[b] and order[a] > order[b])",
    ),
    "heap loses the last child": (
        "kernels/heap.py",
        "if child + 1 < size and",
        "if child + 1 < size - 1 and",
    ),
    "decay once too often": (
        "kernels/lazy.py",
        "to_n = power(decay, n)",
        "to_n = power(decay, n + 1)",
    ),
    "floor forgotten between visits": (
        "kernels/lazy.py",
        "v = max(_closed(v, b, decay, n - 1), v_min)",
        "v = _closed(v, b, decay, n - 1)",
    ),
    "refractory one tick short": (
        "kernels/lazy.py",
        "held[g] = tick + int(",
        "held[g] = tick - 1 + int(",
    ),
    "refractory neurons receive": (
        "kernels/lazy.py",
        "        inbox[g] = 0\n",
        "        inbox[g] = 0 if n > 0 else inbox[g]\n",
    ),
    "signed neurons forget what they gave": (
        "kernels/lazy.py",
        "given[g] += int(s)",
        "given[g] = max(int(s), 0)",
    ),
    "burst one too many": (
        "kernels/lazy.py",
        "while s < limit and",
        "while s <= limit and",
    ),
    "late delay group of sources": (
        "link.py",
        "DelayGroup(d, link.chain, of_source == d)",
        "DelayGroup(d + (d == delays[-1]), link.chain, of_source == d)",
    ),
    "synapses in two delay groups": (
        "link.py",
        "kept = delay.data == wanted",
        "kept = delay.data >= wanted",
    ),
    "packet held for empty": (
        "kernels/entries.py",
        "fan_out[index[start]] == 0",
        "fan_out[index[start]] <= 1",
    ),
    "old current goes on flowing": (
        "kernels/loop.py",
        "state.current[start : start + layers.size[layer]] = 0",
        "state.current[start : start + layers.size[layer]] += 0",
    ),
    "new current flows too early": (
        "kernels/loop.py",
        "        settle(layers, state, layer, tick - 1)",
        "        settle(layers, state, layer, min(tick - 1, 0))",
    ),
    "noise of another tick": (
        "kernels/noise.py",
        "state.noise_key[layer] ^ (tick & _WORD)",
        "state.noise_key[layer] ^ (tick + 1 & _WORD)",
    ),
    "test seen after the reset": (
        "kernels/lazy.py",
        "            tested[i] = v\n",
        "            tested[i] = v - (v >= threshold)\n",
    ),
    "bistable layers listen while they speak": (
        "kernels/words.py",
        "cycle >= 0 and cycle % 2 == 0",
        "cycle >= 0",
    ),
    "a reading too many": (
        "kernels/words.py",
        "cycle // 2 < layers.readings[layer]",
        "cycle // 2 <= layers.readings[layer]",
    ),
    "bias of a cycle one tick early": (
        "kernels/words.py",
        "first = layers.stage[layer] * layers.phases[layer] - 1",
        "first = layers.stage[layer] * layers.phases[layer] - 2",
    ),
    "bits worth twice as much": (
        "kernels/loop.py",
        "1.0 / (2 << tick % phases)",
        "1.0 / (1 << tick % phases)",
    ),
    "words start one bit late": (
        "kernels/loop.py",
        "left = say(layers, state, layer, now - first)",
        "left = say(layers, state, layer, max(now - first, 1))",
    ),
    "cleared without need": (
        "kernels/loop.py",
        "if now == first + phases - 1 and layers.forgets[layer]:",
        "if now == first + phases - 1:",
    ),
    "pooled words run on": (
        "kernels/words.py",
        "return int(tick // phases * phases)",
        "return int(tick // (2 * phases) * (2 * phases))",
    ),
    "lost spikes are heard": (
        "kernels/loop.py",
        "SYNOPS] - before\n            continue\n",
        "SYNOPS] - before\n",
    ),
    "touched twice": (
        "kernels/mark.py",
        "stamp[start + i] = visit",
        "stamp[start + i] = -1",
    ),
}


def run_properties(folder, fault, profile="planted"):
    """Exit status and output of the property tests on a copy with ``fault`` applied."""
    for package in ("eventsnn", "converters"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    tests = folder / "tests"
    tests.mkdir()
    for name in ("conftest.py", "naive_counts.py", *PROPERTIES):
        shutil.copy(ROOT / "tests" / name, tests)
    if fault is not None:
        name, before, after = fault
        source = folder / "eventsnn" / name
        text = source.read_text()
        assert before in text, f"the line to change is gone from {name}: {before}"
        source.write_text(text.replace(before, after))
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": str(folder),
        "HYPOTHESIS_PROFILE": profile,
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, "--rootdir", str(folder), "-k", SELECTION]
    done = subprocess.run(
        [*command, *(f"tests/{name}" for name in PROPERTIES)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    return done.returncode, done.stdout + done.stderr
