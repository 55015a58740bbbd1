"""Faults planted in a copy of the package are caught by the property tests.

The same set-up without an edit passes, so a failure is the fault's.
`benchmarks/mutation_check.py` tells how small the counterexamples are.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from planted_faults import FAULTS, run_properties

NOTHING = "nothing"
PLANTED = {NOTHING: None, **FAULTS}


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory):
    """Status and output by name; all that were asked for, as many at a time as there are CPUs."""
    asked = {item.callspec.params["name"] for item in request.session.items if is_ours(item)}
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as executor:
        yield {
            name: executor.submit(run_properties, tmp_path_factory.mktemp("copy"), PLANTED[name])
            for name in PLANTED
            if name in asked
        }


def is_ours(item):
    return getattr(item, "originalname", "") == "test_the_copy_passes_unless_a_fault_is_planted"


@pytest.mark.parametrize("name", PLANTED)
def test_the_copy_passes_unless_a_fault_is_planted(outcomes, name):
    status, output = outcomes[name].result()
    if name == NOTHING:
        assert status == 0, output
        assert "6 passed" in output
    else:
        assert status == 1, output
        assert "1 failed" in output
