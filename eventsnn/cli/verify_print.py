"""The certificate of `verify`, or its counterexamples."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from eventsnn.cli.console import say, say_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["print_certificate"]

#: Characters of code that are printed; all of it is in the JSON file.
_MOST_CODE = 1500
_MOST_WAYS = 3


def print_certificate(network: Path, data: Path | None, found: Mapping[str, Any]) -> None:
    """Print what was found, see `eventsnn.testing.verification.certificate`."""
    for entry in found["properties"]:
        if "counterexample" in entry:
            _print_counterexample(network, data, found, entry)
    say_table(
        f"{network.name}: properties on drawn and on real inputs",
        ("property", "verdict", "drawn", "real", "spikes", "how"),
        [_row(entry) for entry in found["properties"]],
    )
    say(
        f"T <= {found['ticks']}, {found['examples']} drawn inputs asked for: by "
        f"{found['synapses']:,} synapses, or as given"
    )
    say(f"seed {found['seed']}; " + ", ".join(f"{k} {v}" for k, v in found["versions"].items()))
    described = found["network"]
    say(
        f"network: {described['layers']} layers, {described['neurons']:,} neurons, "
        f"sha256 {described['sha256']}"
    )
    by_verdict = {
        verdict: [e["name"] for e in found["properties"] if e["verdict"] == verdict]
        for verdict in ("holds", "fails", "does not apply")
    }
    if by_verdict["fails"]:
        say(f"FAILS: {', '.join(by_verdict['fails'])}")
    elif by_verdict["holds"]:
        say(
            f"CERTIFICATE: properties that hold: {len(by_verdict['holds'])}, "
            f"that do not apply: {len(by_verdict['does not apply'])}"
        )
    else:
        say("NO CERTIFICATE: no property applies")


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    ways = entry["how"] if entry["verdict"] == "holds" else entry["does_not_apply"]
    shown = sorted(ways, key=ways.get, reverse=True)[:_MOST_WAYS]
    if entry["verdict"] == "fails":
        shown = [entry["counterexample"]["error"]]
    more = f"; {len(ways) - len(shown)} other ways" if len(ways) > len(shown) else ""
    return (
        entry["name"],
        entry["verdict"],
        str(entry["drawn"]),
        str(entry["real"]),
        f"{entry['spikes']:,}",
        "; ".join(shown) + more,
    )


def _print_counterexample(
    network: Path, data: Path | None, found: Mapping[str, Any], entry: Mapping[str, Any]
) -> None:
    failed = entry["counterexample"]
    say(f"{entry['name']} fails: {entry['equation']}")
    say(f"  {failed['error']}")
    say(f"  T = {failed['ticks']}, {failed['precision']}, seed of the case {failed['seed']}")
    code = failed["inputs"]
    if len(code) > _MOST_CODE:
        code = f"{code[:_MOST_CODE]} ... ({len(code):,} characters; all of them with --json)"
    say(f"  inputs = {code}")
    words = ["eventsnn", "verify", str(network), *([] if data is None else [str(data)])]
    words += ["--seed", str(found["seed"]), "--examples", str(found["examples"])]
    words += ["--ticks", str(found["ticks"]), "--only", entry["name"]]
    say(f"  again: {shlex.join(words)}")
    say()
