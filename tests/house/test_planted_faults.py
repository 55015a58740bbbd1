"""Faults planted in a copy of the packages are caught by the property tests.

The same set-up without an edit passes, so a failure is the fault's.
`benchmarks/mutation_check.py` tells how small the counterexamples are.
"""

from __future__ import annotations

import pytest
from planted_faults import FAULTS, GROUPS, run_properties

NOTHING = "nothing"
pytestmark = pytest.mark.planted
PLANTED = {
    (group, name): fault
    for group, faults in FAULTS.items()
    for name, fault in {NOTHING: None, **faults}.items()
}


@pytest.mark.parametrize(("group", "name"), PLANTED)
def test_the_copy_passes_unless_a_fault_is_planted(tmp_path, group, name):
    nothing = name == NOTHING
    profile = "planted-few" if nothing else "planted"
    status, output = run_properties(tmp_path, group, PLANTED[group, name], profile)
    if nothing:
        assert status == 0, output
        assert " passed" in output
        assert "skipped" not in output
    else:
        assert status == 1, output
        assert "1 failed" in output


def test_a_name_means_one_fault():
    names = [name for faults in FAULTS.values() for name in faults]
    assert len(names) == len(set(names))
    assert FAULTS.keys() == GROUPS.keys()
