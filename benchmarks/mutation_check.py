"""Plant one fault after the other; tell which are caught, and by how small an example.

The faults are those of ``tests/planted_faults.py``. Each is applied to a copy of the
package, the property tests run on it (uncompiled, first failure only), and the neurons of
the smallest counterexample that hypothesis found are counted. Takes about a minute a fault.

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

import eventsnn
import eventsnn.testing

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from planted_faults import FAULTS, run_properties  # after the path is known

FEW = 3


def neurons_of(output: str) -> int | None:
    """Neurons of the network in the counterexample that the tests printed, if any."""
    found = re.search(r"case=(Case\(.*\)),?$", output, re.MULTILINE)
    if found is None:
        return None
    names = {**vars(eventsnn), **vars(eventsnn.testing), "np": np, "sp": sp}
    case = eval(found.group(1), names)  # our own code
    return sum(layer.size for layer in case.network.layers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="faults whose name contains this")
    options = parser.parse_args()
    chosen = {n: f for n, f in FAULTS.items() if options.only is None or options.only in n}
    caught, small = 0, 0
    for name, fault in chosen.items():
        with tempfile.TemporaryDirectory() as folder:
            status, output = run_properties(Path(folder), fault, "planted-shrunk")
        neurons = neurons_of(output)
        caught += status == 1
        small += neurons is not None and neurons <= FEW
        verdict = "caught" if status == 1 else f"NOT CAUGHT (status {status})"
        print(f"{name:45} {verdict:12} {neurons or '-'!s:>4} neurons", flush=True)
    print(f"{caught} of {len(chosen)} caught, {small} with at most {FEW} neurons")


if __name__ == "__main__":
    main()
