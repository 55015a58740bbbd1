"""Faults planted in a copy of the packages are caught by the property tests.

The same set-up without an edit passes, so a failure is the fault's.
`benchmarks/mutation_check.py` tells how small the counterexamples are.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from planted_faults import FAULTS, GROUPS, run_properties

NOTHING = "nothing"
PLANTED = {
    (group, name): fault
    for group, faults in FAULTS.items()
    for name, fault in {NOTHING: None, **faults}.items()
}


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory):
    """Status and output of all that were asked for, as many at a time as there are CPUs."""
    items = [item for item in request.session.items if is_ours(item)]
    asked = {(item.callspec.params["group"], item.callspec.params["name"]) for item in items}
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as executor:
        yield {
            (group, name): executor.submit(
                run_properties,
                tmp_path_factory.mktemp("copy"),
                group,
                PLANTED[group, name],
                "planted-few" if name == NOTHING else "planted",
            )
            for group, name in PLANTED
            if (group, name) in asked
        }


def is_ours(item):
    return getattr(item, "originalname", "") == "test_the_copy_passes_unless_a_fault_is_planted"


@pytest.mark.parametrize(("group", "name"), PLANTED)
def test_the_copy_passes_unless_a_fault_is_planted(outcomes, group, name):
    status, output = outcomes[group, name].result()
    if name == NOTHING:
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
