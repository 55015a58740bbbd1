"""An evaluation that is killed again and again, and whose disk fills up, loses nothing.

Children are forked from a process that has everything loaded, so that a kill comes at any moment of
the work and not of the start. Usage (POSIX)::

    python benchmarks/kills.py NET.h5 DATA FOLDER [KILLS]
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from eventsnn.cli import main as program


def run(*arguments: object) -> int:
    """The command line in this process; its exit status."""
    try:
        program([str(argument) for argument in arguments])
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def child(arguments: tuple[object, ...], limit: int | None = None) -> int:
    """A fork that runs the command line silently."""
    number = os.fork()
    if number:
        return number
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    os._exit(run(*arguments))


def report(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text())
    return {key: value for key, value in found.items() if key != "seconds"}


def main() -> None:
    net, data, folder = (Path(argument) for argument in sys.argv[1:4])
    wanted = int(sys.argv[4]) if len(sys.argv) > 4 else 200
    folder.mkdir(parents=True, exist_ok=True)
    journal, path = folder / "journal", folder / "report.json"
    call = ("evaluate", net, data, "--workers", 1, "--journal", journal, "--json", path)
    begin = time.perf_counter()
    run("evaluate", net, data, "--workers", 1, "--json", path)
    took = time.perf_counter() - begin
    expected, kills, rounds, finished = report(path), 0, 0, 0
    rng = random.Random(0)
    while kills < wanted:
        number = child(call)
        time.sleep(rng.uniform(0, took / 8))
        if os.waitpid(number, os.WNOHANG)[0]:
            finished += 1
        else:
            os.kill(number, signal.SIGKILL)
            os.waitpid(number, 0)
            kills += 1
        if finished or kills == wanted:
            status = os.waitpid(child(call), 0)[1]
            assert status == 0, status
            assert report(path) == expected
            rounds, finished = rounds + 1, 0
            shutil.rmtree(journal)
    print(f"{kills} kills in {rounds} evaluations of {took:.1f} s: each equal to the bit")
    sizes = 0
    os.waitpid(child((*call, "--shard", "1/2")), 0)
    largest = max(file.stat().st_size for file in journal.glob("0*.npz"))
    for limit in range(0, largest, 100):
        kept = len(list(journal.glob("0*.npz")))
        status = os.waitstatus_to_exitcode(os.waitpid(child(call, limit), 0)[1])
        assert status == 2, status
        assert len(list(journal.glob("0*.npz"))) >= kept
        sizes += 1
    assert os.waitpid(child(call), 0)[1] == 0
    assert report(path) == expected
    print(
        f"{sizes} disks that were full after 0, 100, ... {largest} bytes: exit status 2, then equal"
    )


if __name__ == "__main__":
    main()
