"""Long evaluations on the command line: interrupted, in shards, in other processes, watched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from cli_tools import run
from click.testing import CliRunner

from eventsnn.cli import main
from eventsnn.cli.progress import EvaluationProgress, duration
from eventsnn.evaluation.total import Standing

PROGRAM = [sys.executable, "-c", "from eventsnn.cli import main; main()"]


def invoke(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def report(path):
    return {k: v for k, v in json.loads(path.read_text()).items() if k != "seconds"}


def test_a_journal_gives_the_same_report(made, tmp_path):
    what = (made / "net.h5", made / "test.npz", "--exit-confidence", 0.8)
    run("evaluate", *what, "--json", tmp_path / "plain.json")
    journal = ("--journal", tmp_path / "j", "--json", tmp_path / "kept.json")
    first = run("evaluate", *what, *journal)
    again = run("evaluate", *what, *journal)
    assert again.stdout == first.stdout
    assert report(tmp_path / "kept.json") == report(tmp_path / "plain.json")
    refused = invoke("evaluate", *what, "--journal", tmp_path / "j", "--ticks", 16)
    assert refused.exit_code == 2
    assert "is the journal of another evaluation, with another ticks (there 32, now 16)" in (
        refused.output
    )


def test_shards_and_merge(made, tmp_path):
    what = (made / "net.h5", made / "test.npz")
    run("evaluate", *what, "--json", tmp_path / "plain.json")
    for i in (1, 2, 3):
        shard = run("evaluate", *what, "--journal", tmp_path / f"j{i}", "--shard", f"{i}/3")
        assert "95 % interval" in shard.stdout
    folders = [tmp_path / f"j{i}" for i in (1, 2, 3)]
    run("merge", *what, *folders, "--json", tmp_path / "merged.json")
    assert report(tmp_path / "merged.json") == report(tmp_path / "plain.json")
    gap = invoke("merge", *what, *folders[:2], "--json", tmp_path / "gap.json")
    assert gap.exit_code == 2
    assert "samples are in no journal" in gap.output
    assert not (tmp_path / "gap.json").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--shard", "3/2"), "expected i/n such as 3/8"),
        (("--shard", "0/2"), "expected i/n such as 3/8"),
        (("--shard", "1/x"), "expected i/n such as 3/8"),
        (("--shard", "50/50"), "nothing is left for it"),
        (("--executor", "ssh:3"), "expected threads:N"),
        (("--executor", "threads:2", "--workers", "2"), "two ways to say the same"),
        (("--until", "0"), "--until"),
        (("--journal", "{data}"), "is a file"),
    ],
)
def test_refusals(made, options, words):
    options = [option.format(data=made / "test.npz") for option in options]
    result = invoke("evaluate", made / "net.h5", made / "test.npz", *options)
    assert result.exit_code == 2
    assert words in result.output


def test_until_the_interval_is_narrow_enough(made, tmp_path):
    rng = np.random.default_rng(0)
    with np.load(made / "test.npz") as some:
        at = rng.integers(len(some["y"]), size=3000)
        np.savez(tmp_path / "many.npz", x=some["x"][at], y=some["y"][at])
        np.savez_compressed(tmp_path / "packed.npz", x=some["x"][at], y=some["y"][at])
    path = tmp_path / "r.json"
    what = (made / "net.h5", tmp_path / "many.npz", "--ticks", 8, "--until", 2)
    result = run("evaluate", *what, "--json", path)
    found = json.loads(path.read_text())
    assert 240 <= found["samples"] < found["samples_in_data"] == 3000
    assert f"{found['samples']} of 3000 samples of many.npz" in result.stdout
    assert "95 % interval" in result.stdout


def test_until_needs_samples_at_random(made, tmp_path, monkeypatch):
    monkeypatch.setattr("eventsnn.datasets.npz.IN_MEMORY", 0)
    with np.load(made / "test.npz") as some:
        np.savez_compressed(tmp_path / "packed.npz", x=some["x"], y=some["y"])
    result = invoke("evaluate", made / "net.h5", tmp_path / "packed.npz", "--until", 2)
    assert result.exit_code == 2
    assert "write it without compression" in result.output


def test_processes_by_name(made, tmp_path):
    what = (made / "net.h5", made / "test.npz")
    run("evaluate", *what, "--json", tmp_path / "a.json")
    run("evaluate", *what, "--json", tmp_path / "b.json", "--executor", "processes:2")
    assert report(tmp_path / "a.json") == report(tmp_path / "b.json")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("executor", ["threads:2", "processes:2"])
def test_an_interrupt_shows_what_is_finished(made, tmp_path, executor):
    with np.load(made / "test.npz") as some:
        at = np.arange(20_000) % len(some["y"])
        np.savez(tmp_path / "many.npz", x=some["x"][at], y=some["y"][at])
    call = [*PROGRAM, "evaluate", made / "net.h5", tmp_path / "many.npz"]
    call += ["--json", tmp_path / "r.json", "--journal", tmp_path / "j", "--executor", executor]
    pipe = subprocess.PIPE
    with subprocess.Popen(call, stdout=pipe, stderr=pipe, start_new_session=True) as process:
        while not list((tmp_path / "j").glob("0*.npz")):
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        out, err = process.communicate()
    assert process.returncode == 130, err
    assert b" of 20000 samples of many.npz" in out
    assert b"95 % interval" in out
    assert b"interrupted after" in err
    assert b"Traceback" not in err
    assert not (tmp_path / "r.json").exists()


def standing(finished, resumed=0, correct=None):
    return Standing(finished, resumed, 10_000, correct, finished // 8, (0, 0, 0))


def test_a_log_gets_an_estimate_and_a_line_now_and_then():
    now, lines = [0.0], []
    shown = EvaluationProgress(lambda: now[0], terminal=False, tell=lines.append)
    shown.show(standing(2000, 2000))
    for second in range(1, 200):
        now[0] = second
        shown.show(standing(2000 + 10 * second, 2000, correct=1000 + 5 * second))
    assert lines[0] == "10,000 samples, 2,000 are in the journal; about 13 min"
    assert lines[1].startswith(
        "2,100 of 10,000 samples, 10/s, accuracy 50.0% (95 %: 47.9% to 52.1%)"
    )
    assert lines[1].endswith("about 13 min left")
    assert 4 <= len(lines) <= 6


def test_a_short_evaluation_leaves_no_line():
    now, lines = [0.0], []
    shown = EvaluationProgress(lambda: now[0], terminal=False, tell=lines.append)
    for second in range(1, 9):
        now[0] = second
        shown.show(standing(1250 * second))
    assert not lines


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "5 s"), (600, "10 min"), (7200, "2.0 h"), (300_000, "3.5 days")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


WITHOUT_COMPILER = """
import sys
from eventsnn.cli import main
try:
    main(sys.argv[1:])
except SystemExit as done:
    assert done.code == 0, done
assert "numba" not in sys.modules
assert "llvmlite" not in sys.modules
"""


def test_commands_that_run_nothing_load_no_compiler(made, tmp_path):
    run("evaluate", made / "net.h5", made / "test.npz", "--json", tmp_path / "r.json")
    for arguments in (
        ("--help",),
        ("evaluate", "--help"),
        ("info", made / "net.h5"),
        ("info", made / "ann.npz"),
        ("energy", tmp_path / "r.json", "--model", "all"),
        ("report", tmp_path / "r.json", "-o", tmp_path / "r.html"),
    ):
        subprocess.run([sys.executable, "-c", WITHOUT_COMPILER, *arguments], check=True)
