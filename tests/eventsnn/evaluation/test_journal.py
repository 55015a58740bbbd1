"""An evaluation that was interrupted, anywhere and by anything, goes on to the same result."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evaluation_cases import CONFIDENCES, TICKS, assert_same, data, network

from eventsnn import Spikes, evaluate
from eventsnn.errors import InputError, JournalError
from eventsnn.evaluation.chunks import CHUNK, chunks
from eventsnn.evaluation.evaluate import Interrupted, merge
from eventsnn.evaluation.journal import data_digest
from eventsnn.evaluation.part import part_from_arrays, part_to_arrays

KILLS = int(os.environ.get("EVENTSNN_KILLS", "6"))
posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")


def ann():
    return data()[1][::-1].copy()


def run(**options):
    options = {"ann_predictions": ann(), "ticks": TICKS} | options
    return evaluate(network(), *data(), exit_confidences=CONFIDENCES, **options)


def add_up(*journals, **options):
    options = {"ann_predictions": ann(), "ticks": TICKS} | options
    return merge(journals, network(), *data(), exit_confidences=CONFIDENCES, **options)


@pytest.fixture(scope="module")
def expected():
    return run()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "journal"
    run(journal=folder)
    return folder


def ran(folder, **options):
    """How many samples are run, and not read from the journal."""
    standings = []
    found = run(journal=folder, watch=standings.append, **options)
    return found, standings[-1].finished - standings[-1].resumed


def test_a_journal_changes_nothing_but_the_time(expected, finished):
    again, count = ran(finished)
    assert count == 0
    assert_same(again, expected)
    assert again.seconds is None


def test_what_is_kept_is_what_came_out():
    from eventsnn.evaluation.evaluate import _Job

    job = _Job(network(), *data(), TICKS, ann(), None, CONFIDENCES, 0)
    part = job.task(*job.arguments(range(8, 16)))
    again = part_from_arrays(part_to_arrays(part))
    assert again.counts == part.counts
    arrays, others = part_to_arrays(part), part_to_arrays(again)
    assert arrays.keys() == others.keys()
    assert all(np.array_equal(arrays[key], others[key]) for key in arrays)
    assert again.outputs.shape == (8, 5)


@pytest.mark.parametrize("stop", [1, 3, 7])
def test_an_interrupted_one_goes_on(tmp_path, expected, stop):
    seen = []

    def interrupt(count):
        seen.append(count)
        if len(seen) == stop:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        run(journal=tmp_path / "j", progress=interrupt)
    partial = caught.value.partial
    assert partial.samples >= (stop - 1) * CHUNK
    assert partial.accuracy[-1] == (partial.predictions == data()[1][partial.index]).mean()
    kept = len(list((tmp_path / "j").glob("0*.npz")))
    again, count = ran(tmp_path / "j")
    assert count == 60 - min(60, kept * CHUNK)
    assert_same(again, expected)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ticks": 7}, r"with another ticks \(there 6, now 7\)"),
        ({"seed": 3}, r"seed \(there 0, now 3\)"),
        ({"precision": "float64"}, r"precision \(there float32, now float64\)"),
        ({"ann_predictions": None}, r"ann \(there .*, now none\)"),
        ({"ann_predictions": data()[1]}, "ann"),
    ],
)
def test_another_evaluation_is_refused_by_what_differs(finished, options, words):
    with pytest.raises(JournalError, match=f"journal of another evaluation, .*{words}"):
        run(journal=finished, **options)


def test_other_data_labels_and_networks_are_refused(finished):
    x, y = data()
    net = network()
    other = x.copy()
    other[59, 0, 3, 3] += 1e-6
    hidden = replace(net.layers[0], bias=0.2)
    for case, words in (
        ((net, other, y), r"with another data \(there"),
        ((net, x, (y + 1) % 5), r"with another labels \(there"),
        ((net, x[:50], y[:50]), r"another data .*, labels .*, samples"),
        ((replace(net, layers=(hidden, net.layers[1])), x, y), r"with another network \(there"),
    ):
        options = {"ticks": TICKS, "exit_confidences": CONFIDENCES, "journal": finished}
        with pytest.raises(JournalError, match=words):
            evaluate(*case, ann_predictions=ann()[: len(case[1])], **options)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(JournalError, match="holds files, but no journal"):
        run(journal=tmp_path)
    (tmp_path / "journal.json").write_text("{")
    with pytest.raises(JournalError, match=r"journal.json: damaged"):
        run(journal=tmp_path)
    (tmp_path / "journal.json").write_text('{"format": "other"}')
    with pytest.raises(JournalError, match="no journal of this eventsnn"):
        run(journal=tmp_path)


def test_damaged_and_foreign_files_are_run_again(tmp_path, finished, expected):
    shutil.copytree(finished, tmp_path / "j")
    whole = (tmp_path / "j" / "00000008.npz").read_bytes()
    run(journal=tmp_path / "other", seed=1)
    foreign = (tmp_path / "other" / "00000024.npz").read_bytes()
    (tmp_path / "j" / "00000008.npz").write_bytes(whole[:-40])
    (tmp_path / "j" / "00000016.npz").write_bytes(whole)  # of other samples
    (tmp_path / "j" / "00000024.npz").write_bytes(foreign)
    (tmp_path / "j" / "00000032.npz").write_bytes(b"")
    (tmp_path / "j" / "00000040.npz").unlink()
    again, count = ran(tmp_path / "j")
    assert count == 5 * CHUNK
    assert_same(again, expected)


def test_every_changed_byte_is_found_or_harmless(tmp_path, finished, expected):
    shutil.copytree(finished, tmp_path / "j")
    path = tmp_path / "j" / "00000008.npz"
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for at in rng.integers(len(whole), size=40).tolist():
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 32]) + whole[at + 1 :])
        assert_same(ran(tmp_path / "j")[0], expected)


@pytest.mark.parametrize("of", [2, 3, 8])
def test_shards_add_up(tmp_path, expected, of):
    for number in range(1, of + 1):
        partial = run(journal=tmp_path / f"{number % 2}", shard=(number, of))
        assert partial.samples < 60
    assert_same(add_up(tmp_path / "0", tmp_path / "1"), expected)
    assert_same(run(journal=tmp_path / "0") if of == 1 else add_up(*tmp_path.iterdir()), expected)


def test_a_gap_is_told(tmp_path):
    run(journal=tmp_path / "j", shard=(1, 2))
    with pytest.raises(JournalError, match=r"28 of 60 samples are in no journal, from number 8 on"):
        add_up(tmp_path / "j")
    with pytest.raises(JournalError, match="no such folder"):
        add_up(tmp_path / "none")
    with pytest.raises(JournalError, match="another ticks"):
        add_up(tmp_path / "j", ticks=3)


@pytest.mark.parametrize("shard", [(0, 2), (3, 2), (9, 9)])
def test_there_is_no_such_shard(shard):
    with pytest.raises(InputError, match="shard"):
        run(shard=shard)


def test_chunks_are_a_partition():
    for of in (1, 2, 5):
        every = [c for i in range(of) for c in chunks(61, (i + 1, of), order_seed=i)]
        assert sorted(n for c in every for n in c) == list(range(61))


def test_data_are_told_apart():
    x = data()[0]
    digests = {
        data_digest(x),
        data_digest(x.astype(np.float32)),
        data_digest(x[:-1]),
        data_digest(x.reshape(60, 4, 4)),
        data_digest([Spikes((4,), [0], [1])]),
        data_digest([Spikes((4,), [1], [1])]),
        data_digest([Spikes((4,), [1], [1], [2.0])]),
        data_digest([Spikes((5,), [1], [1])]),
    }
    assert len(digests) == 8
    assert data_digest(np.asfortranarray(x)) == data_digest(x)


EVALUATING = """
import sys
sys.path.insert(0, {here!r})
from test_journal import run
if len(sys.argv) > 2:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
print("ready", flush=True)
run(journal=sys.argv[1])
"""


def evaluating(folder, *more):
    code = EVALUATING.format(here=str(Path(__file__).parent))
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder), *map(str, more)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@posix
def test_a_killed_one_goes_on(tmp_path, expected):
    rng = np.random.default_rng()
    for _ in range(KILLS):
        with evaluating(tmp_path / "j") as process:
            process.stdout.readline()
            try:
                process.wait(timeout=rng.uniform(0, 0.6))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
    again, _ = ran(tmp_path / "j")
    assert_same(again, expected)
    assert not list((tmp_path / "j").glob(".*"))


@posix
@pytest.mark.parametrize("size", [100, 600, 2000])
def test_a_full_disk_loses_nothing_that_was_kept(tmp_path, expected, size):
    run(journal=tmp_path / "j", shard=(1, 4))
    with evaluating(tmp_path / "j", size) as process:
        _, said = process.communicate()
    assert process.returncode == 1
    assert b"the journal has all that was finished before" in said
    again, count = ran(tmp_path / "j")
    assert count <= 44
    assert_same(again, expected)
