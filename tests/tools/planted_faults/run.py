"""Run property tests on a copy of the packages, with a fault in it or without."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["GROUPS", "run_properties"]

ROOT = Path(__file__).parents[3]

#: The properties that are to catch the faults of each group, in the order in which they run.
GROUPS = {
    "engine": (
        "eventsnn/engine/test_engine_equals_oracle.py::test_spikes_and_potentials_are_equal",
        "eventsnn/engine/test_engine_equals_oracle.py::test_pooled_words_begin_anew_in_each_cycle",
        "eventsnn/counts/test_counts.py::test_link_counts",
    ),
    "fused": (
        "eventsnn/engine/test_fused.py::test_fused_equals_queued_equals_the_oracle",
        "eventsnn/engine/test_fused.py::test_parts_are_the_whole",
        "eventsnn/engine/test_fused.py::test_any_weights_equal_the_oracle_that_adds_in_order",
    ),
    "counts": (
        "eventsnn/counts/test_counts.py::test_link_counts",
        "eventsnn/counts/test_counts.py::test_analog_counts",
        "eventsnn/counts/test_counts.py::test_operations_after_fewer_ticks_are_those_of_a_shorter_run",
        "eventsnn/counts/test_counts.py::test_fan_out_is_the_row_length",
        "eventsnn/counts/test_counts.py::test_effective_fan_out_is_the_row_length_without_zeros",
    ),
    "resumed": (
        "eventsnn/engine/test_stateful_queue.py",
        "eventsnn/engine/test_stateful_runs.py",
    ),
    "anns": (
        "converters/ann/test_operations.py::test_values_are_their_formulas",
        "converters/passes/test_passes.py::test_folding_keeps_the_answer",
        "converters/passes/test_passes.py::test_quantiles_are_numpys",
        "converters/ann/test_macs.py::test_a_mac_is_a_product_with_an_existing_pixel",
        "converters/intake/test_graph_json.py::test_round_trip",
    ),
    "conversions": (
        "converters/lowering/test_lower.py::test_links_and_biases_are_the_anns_algebra",
        "converters/lowering/test_lower.py::test_a_grouped_convolution_takes_the_factor_of_each_channel",
        "converters/recipes/test_bsnn.py::test_words_of_an_image_are_the_quantized_activations",
        "converters/recipes/test_bsnn.py::test_a_stream_of_images_has_a_reading_every_two_cycles",
    ),
}


def run_properties(folder, group, fault, profile="planted"):
    """Exit status and output of the properties of ``group`` on a copy with ``fault`` applied.

    Uncompiled, in a process of their own: nothing to wait for, and an index out of bounds
    raises.
    """
    for name in ("eventsnn", "converters", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    if fault is not None:
        source = folder / fault.file
        text = source.read_text()
        assert fault.before in text, f"gone from {fault.file}: {fault.before}"
        source.write_text(text.replace(fault.before, fault.after))
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": os.pathsep.join([str(folder), str(folder / "tests" / "tools")]),
        "HYPOTHESIS_PROFILE": profile,
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, "--rootdir", str(folder)]
    done = subprocess.run(
        [*command, *(f"tests/{test}" for test in GROUPS[group])],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    return done.returncode, done.stdout + done.stderr
