"""Faults planted in a copy of the package are caught by the property tests.

The same set-up without an edit passes, so a failure is the fault's.
`benchmarks/mutation_check.py` tells how small the counterexamples are.
"""

from __future__ import annotations

import pytest
from planted_faults import FAULTS, run_properties


def test_the_copy_passes(tmp_path):
    status, output = run_properties(tmp_path, None)
    assert status == 0, output
    assert "6 passed" in output


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_fault_is_caught(tmp_path, fault):
    status, output = run_properties(tmp_path, fault)
    assert status == 1, output
    assert "1 failed" in output
