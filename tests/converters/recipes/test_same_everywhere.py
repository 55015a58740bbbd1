"""The same weights and images make the same network, whatever multiplies the matrices."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import sys
import numpy as np
from converters import Ann, Node, bsnn, rate
from converters.ann import ops
from eventsnn.hdf5 import network_digest

rng = np.random.default_rng(0)
nodes, last = [], "input"
for k, (a, b) in enumerate(((3, 32), (32, 32), (32, 32))):
    w = (rng.normal(size=(b, a, 3, 3)) / np.sqrt(9 * a)).astype("f4")
    nodes += [
        Node(f"c{k}", ops.Conv2d(w, padding=1), (last,)),
        Node(f"r{k}", ops.ReLU(), (f"c{k}",)),
    ]
    last = f"r{k}"
nodes += [
    Node("p", ops.GlobalAvgPool(), (last,)),
    Node("f", ops.Flatten(), ("p",)),
    Node("o", ops.Linear(rng.normal(size=(10, 32)).astype("f4")), ("f",)),
]
ann, x = Ann((3, 16, 16), tuple(nodes)), rng.random((64, 3, 16, 16)).astype("f4")
print(network_digest(rate(ann, x, ticks=8).network), network_digest(bsnn(ann, x, phases=4).network))
print(network_digest(rate(ann, x, ticks=8, per="channel").network))
"""

SETTINGS = (
    ("OPENBLAS_NUM_THREADS", "1"),
    ("OPENBLAS_NUM_THREADS", "2"),
    ("OPENBLAS_CORETYPE", "Haswell"),
    ("OPENBLAS_CORETYPE", "Prescott"),
    ("NPY_DISABLE_CPU_FEATURES", "AVX512F AVX512CD AVX512_SKX AVX2 FMA3"),
)


def digests(name, value):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE],
        env=os.environ | {name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "CPU" in done.stderr:
        pytest.skip("this NumPy cannot do without these features")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_rate_and_bsnn_do_not_depend_on_the_library_of_linear_algebra():
    found = {setting: digests(*setting) for setting in SETTINGS}
    assert len(set(found.values())) == 1, found
