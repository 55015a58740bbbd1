"""Fused layers give the same bits on machines with narrower vectors."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from profiles import compiled

SCRIPT = Path(__file__).parents[2] / "tools" / "fused_digest.py"
ROOT = SCRIPT.parents[2]
NARROWER = {"haswell": {"ymm", "xmm"}, "x86-64-v2": {"xmm"}}


def digest(cache, **machine):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)} | machine
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found, *registers = done.stdout.split()
    return found, set(registers)


@compiled
@pytest.mark.skipif(platform.machine() != "x86_64", reason="names machines of this architecture")
def test_narrower_machines_give_the_same_bits(tmp_path):
    own, _ = digest(tmp_path / "own")
    for name, allowed in NARROWER.items():
        found, registers = digest(tmp_path / name, NUMBA_CPU_NAME=name, NUMBA_CPU_FEATURES="")
        assert registers <= allowed
        assert found == own
