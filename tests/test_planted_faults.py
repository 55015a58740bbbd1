"""Faults planted in a copy of the engine are caught by the property tests.

Each fault is one edit of one file; the tests then run on the copy, uncompiled, in a
process of their own. The same set-up without an edit passes, so a failure is the fault's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
        "kernels/loop.py",
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
    "lost wake": (
        "kernels/loop.py",
        "if again or _driven(layers, state, layer):",
        "if _driven(layers, state, layer):",
    ),
    "late wake": (
        "kernels/loop.py",
        "_wake(state, pool, layer, tick + 1)",
        "_wake(state, pool, layer, tick + 2)",
    ),
}


def run_properties(folder, fault):
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
    # Uncompiled: nothing to wait for, and an index out of bounds raises.
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": str(folder),
        "HYPOTHESIS_PROFILE": "planted",
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
        timeout=600,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_copy_passes(tmp_path):
    status, output = run_properties(tmp_path, None)
    assert status == 0, output
    assert "4 passed" in output


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_fault_is_caught(tmp_path, fault):
    status, output = run_properties(tmp_path, fault)
    assert status == 1, output
    assert "1 failed" in output
