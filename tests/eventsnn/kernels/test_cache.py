"""Compiled kernels on disk: whatever happened to the files, the right kernel runs."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from profiles import compiled

from eventsnn.kernels.cache import KernelCache, folders, writable_folder

pytestmark = compiled
TOOLS = Path(__file__).parents[2] / "tools"


def total(values):
    found = 0.0
    for value in values:
        found += value
    return found


def kernel(*candidates):
    """The function above, compiled or loaded when it is called."""
    dispatcher = numba.njit(total)
    dispatcher._cache = KernelCache(total, candidates)
    return dispatcher


def right(dispatcher):
    return dispatcher(np.arange(5.0)) == 10.0


def loaded(dispatcher):
    assert right(dispatcher)
    return sum(dispatcher.stats.cache_hits.values()) == 1


@pytest.fixture
def kept(tmp_path):
    """A folder with one compiled kernel in it, and that file."""
    assert not loaded(kernel(tmp_path))
    (file,) = tmp_path.iterdir()
    return file


def test_a_second_process_compiles_nothing(kept):
    assert loaded(kernel(kept.parent))


@pytest.mark.parametrize("share", np.linspace(0, 1, 101)[:-1])
def test_a_file_that_is_cut_off_is_written_anew(kept, share):
    whole = kept.read_bytes()
    kept.write_bytes(whole[: int(share * len(whole))])
    assert not loaded(kernel(kept.parent))
    assert len(kept.read_bytes()) == len(whole)


def test_a_file_with_one_other_bit_is_written_anew(kept):
    whole = kept.read_bytes()
    for at in np.random.default_rng(0).integers(len(whole), size=50).tolist():
        kept.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        assert not loaded(kernel(kept.parent))


def test_a_kernel_for_other_types_in_its_place_is_not_taken(kept):
    wanted = kept.read_bytes()
    kept.unlink()
    assert kernel(kept.parent)(np.arange(5)) == 10
    (other,) = kept.parent.iterdir()
    kept.write_bytes(other.read_bytes())
    assert not loaded(kernel(kept.parent))
    assert kept.read_bytes() != other.read_bytes()
    assert len(kept.read_bytes()) == pytest.approx(len(wanted), rel=0.1)


def test_a_folder_in_the_place_of_a_file_does_no_harm(kept, caplog):
    kept.unlink()
    kept.mkdir()
    with caplog.at_level(logging.WARNING):
        assert not loaded(kernel(kept.parent))
    assert "could not be kept" in caplog.text
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_what_a_folder_holds_that_cannot_be_written_is_read(kept, tmp_path):
    assert loaded(kernel(Path(os.devnull) / "none", kept.parent))


def test_without_a_folder_it_compiles_in_memory():
    assert writable_folder((Path(os.devnull) / "none",)) is None
    assert not loaded(kernel(Path(os.devnull) / "none"))


def test_the_first_folder_that_can_be_written_is_taken(tmp_path):
    (tmp_path / "a").write_text("a file")
    assert writable_folder((tmp_path / "a", tmp_path / "b", tmp_path / "c")) == tmp_path / "b"


def test_the_folder_that_the_user_names_is_the_only_one(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    (folder,) = folders()
    assert folder.parent == tmp_path
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert len(list(folders())) == 2


def test_many_processes_at_once_on_an_empty_folder(tmp_path):
    code = (
        f"import sys; sys.path[:0] = {[str(Path(__file__).parent), str(TOOLS)]!r}\n"
        f"from pathlib import Path\n"
        f"from test_cache import kernel, right\n"
        f"import numpy as np\n"
        f"folder = Path({str(tmp_path)!r})\n"
        f"assert right(kernel(folder)) and kernel(folder)(np.arange(5)) == 10\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(6)]
    assert [process.wait() for process in running] == [0] * 6
    assert len(list(tmp_path.iterdir())) == 2
    assert loaded(kernel(tmp_path))


WITHOUT_A_FOLDER = """
import numba
from eventsnn.kernels import jit

@jit.entry_point
def one(x):
    return x + 1

one.py_func.__module__ = "eventsnn.kernels.made"
assert one(1) == 2
"""


def test_one_sentence_says_how_to_keep_kernels_where_no_folder_is(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_FOLDER],
        env=os.environ | {"NUMBA_CACHE_DIR": os.devnull},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.count("NUMBA_CACHE_DIR") == 1
    assert len(done.stderr.splitlines()) == 1
