"""What was verified, of which network, by which versions."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from eventsnn.description.network import Network
from eventsnn.hdf5 import network_digest
from eventsnn.testing.code import as_code
from eventsnn.testing.verification.effort import Effort
from eventsnn.testing.verification.search import Finding
from eventsnn.version import __version__

__all__ = ["certificate"]


def certificate(
    network: Network, findings: Sequence[Finding], effort: Effort, seed: int
) -> dict[str, Any]:
    """All that there is to say, as JSON has it.

    ``network`` names it by the SHA-256 of its description, `eventsnn.hdf5.network_digest`:
    another file with the same network has the same. The verdict holds where no property
    fails and at least one applies.

    Returns:
        verdict, network, properties, effort, seed, versions.
    """
    verdicts = {finding.verdict for finding in findings}
    return {
        "verdict": "fails" if "fails" in verdicts else "holds" if "holds" in verdicts else "empty",
        "network": {
            "sha256": network_digest(network),
            "layers": len(network.layers),
            "neurons": sum(layer.size for layer in network.layers),
        },
        "properties": [_entry(finding) for finding in findings],
        "ticks": effort.ticks,
        "examples": effort.examples,
        "synapses": effort.synapses,
        "seed": seed,
        "versions": {
            "eventsnn": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "numba", "scipy", "hypothesis")},
        },
    }


def _entry(finding: Finding) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": finding.checked.name,
        "equation": finding.checked.equation,
        "verdict": finding.verdict,
        "drawn": len(finding.drawn),
        "real": len(finding.real),
        "spikes": finding.spikes,
        "how": dict(Counter(held.how for held in (*finding.drawn, *finding.real))),
        "does_not_apply": dict(Counter(finding.reasons)),
    }
    failed = finding.counterexample
    if failed is not None:
        entry["counterexample"] = {
            "error": failed.error,
            "inputs": as_code(failed.case.inputs),
            "ticks": failed.case.ticks,
            "seed": failed.case.seed,
            "precision": failed.case.precision,
        }
    return entry
