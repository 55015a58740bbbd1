"""What finds a step of ``docs/extending.md`` that was left out.

    python benchmarks/omissions.py          # needs the extra [dev]

Adds a toy synapse, and a toy coding of inputs, to a copy of the packages: the class and its name
in the closed union, and nothing else. What the type checker then says are the steps that are
missing, each with its file. (A recipe is followed by ``tests/house/test_extending.py``.)
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]

TOYS = {
    "synapse": (
        "eventsnn/description/synapses.py",
        "Synapse = Linear",
        "Synapse = Opposite | Linear",
        '''@described
class Opposite(Description):
    """``y = -x``."""


''',
    ),
    "coding": (
        "eventsnn/description/codings.py",
        "Coding = Analog",
        "Coding = Silent | Analog",
        '''@described
class Silent(Description):
    """Nothing flows."""


''',
    ),
}


def places(folder: Path) -> list[str]:
    """Where the type checker finds a case missing, by file."""
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return re.findall(r"^(\S+?):\d+: error:", checked.stdout, re.MULTILINE)


def main() -> None:
    for kind, (file, before, after, toy) in TOYS.items():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for part in ("eventsnn", "converters"):
                shutil.copytree(ROOT / part, folder / part)
            shutil.copy(ROOT / "pyproject.toml", folder)
            text = (folder / file).read_text()
            if before not in text:
                sys.exit(f"{file}: no longer has {before!r}")
            text = text.replace(before, after)
            at = text.index(after)
            comment = text.rfind("\n\n", 0, at) + 2
            (folder / file).write_text(text[:comment] + toy + text[comment:])
            found = places(folder)
            print(f"\n{kind}: {len(found)} steps left out, found by the type checker in")
            for place in sorted(set(found)):
                print(f"  {place} ({found.count(place)})")


if __name__ == "__main__":
    main()
