"""Plant one fault after the other; tell which are caught, and by how small an example.

The faults are those of ``tests/tools/planted_faults``. Each is applied to a copy of the packages,
the property tests of its group run on it (uncompiled, first failure only), and the neurons of
the smallest counterexample that hypothesis found are counted: of the network, or of the one
that the ANN becomes; inputs do not count. Takes about a minute a fault.

    python benchmarks/mutation_check.py
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import scipy.sparse as sp

import converters
import eventsnn
import eventsnn.testing

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "tools"))

from planted_faults import FAULTS, Fault, run_properties  # after the path is known

FEW = 3


def expression(text: str, start: int) -> str:
    """The call that begins at ``start``, up to its closing parenthesis."""
    depth = 0
    for end, character in enumerate(text[start:], start):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == ")" and depth == 0:
            return text[start : end + 1]
    raise ValueError(f"no end of {text[start : start + 80]}")


def neurons_of(output: str) -> int | None:
    """Neurons of the counterexample that the tests printed, if it is a network or an ANN."""
    names = {"np": np, "sp": sp}
    if found := re.search(r"\bcase=(Case\(network=Network\(.*\))", output):
        names |= vars(eventsnn) | vars(eventsnn.testing)
        network = eval(expression(output, found.start(1)), names).network  # our own code
    elif found := re.search(r"^[E |]+ann = (Ann\(.*\))$", output, re.MULTILINE):
        ann = eval(found.group(1), names | vars(converters))
        thresholds = dict.fromkeys(ann.names_of(converters.ann.ops.ReLU), 0.25)
        network = converters.lower(ann, thresholds)
    else:
        return None
    return sum(layer.size for layer in network.layers)


def caught_by(output: str) -> str:
    """The test that failed first."""
    found = re.search(r"^FAILED \S+::(\w+)", output, re.MULTILINE)
    return found.group(1) if found else "-"


def check(group: str, name: str, fault: Fault) -> tuple[bool, int | None]:
    """Print one row; whether it is caught, and the neurons of the counterexample."""
    with tempfile.TemporaryDirectory() as folder:
        status, output = run_properties(Path(folder), group, fault, "planted-shrunk")
    caught = status == 1
    neurons = neurons_of(output) if caught else None
    verdict = caught_by(output) if caught else f"NOT CAUGHT (status {status})"
    print(f"| {group} | {name} | {verdict} | {neurons or '-'} |", flush=True)
    return caught, neurons


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--group", choices=FAULTS, action="append", help="these groups only")
    parser.add_argument("--only", default="", help="faults whose name contains this")
    options = parser.parse_args()
    print("| group | fault | caught by | neurons |\n|---|---|---|---|", flush=True)
    found = [
        check(group, name, fault)
        for group in options.group or FAULTS
        for name, fault in FAULTS[group].items()
        if options.only in name
    ]
    caught = sum(one for one, _ in found)
    small = sum(neurons is not None and neurons <= FEW for _, neurons in found)
    print(f"\n{caught} of {len(found)} caught, {small} with at most {FEW} neurons")


if __name__ == "__main__":
    main()
