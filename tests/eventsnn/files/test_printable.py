"""Names of anybody's files on any terminal."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from eventsnn.cli.console import note, say, say_table, warn
from eventsnn.cli.group import main
from eventsnn.errors import DataError
from eventsnn.files.printable import printable

TEXTS = st.text(st.characters(exclude_categories=()))


@given(TEXTS, st.sampled_from(["utf-8", "ascii", "latin-1", "cp437", "cp1252"]))
def test_it_can_be_encoded_and_commands_nothing(text, encoding):
    shown = printable(text, encoding)
    shown.encode(encoding)
    assert not any(ord(c) < 32 and c not in "\n\t" for c in shown)
    assert not any("\x7f" <= c <= "\x9f" or c in "\u202e\u2066\u200f\u2028" for c in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("conv1", "conv1"),
        ("donn\u00e9es \u4e16\u754c \u3000\xa0", "donn\u00e9es \u4e16\u754c \u3000\xa0"),
        ("a\x1b[2J\x07\r\x9b", r"a\x1b[2J\x07\r\x9b"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("donn\udce9es", r"donn\udce9es"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_letters_stay_and_commands_are_escaped(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize("show", [say, note, warn])
def test_whatever_prints_escapes(show, capsys):
    show("relu\x1b[2J\x1b]0;owned\x07\udce9 [bold]")
    captured = capsys.readouterr()
    assert r"relu\x1b[2J\x1b]0;owned\x07\udce9 [bold]" in captured.out + captured.err


def test_a_cell_cannot_begin_a_line(capsys):
    say_table("title", ("layer", "n"), [("conv\nfake   99", "1"), ("\x1b[1A", "2")])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[-3:-1]] == [
        [r"conv\nfake", "99", "1"],
        [r"\x1b[1A", "2"],
    ]


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (DataError("a\x1b[2J.npz: x"), 2, r"Error: a\x1b[2J.npz: x"),
        (OSError(28, "No space left on device", "r\x1b.json"), 2, r"r\x1b.json: No space left"),
        (MemoryError("Unable to allocate 931. TiB"), 2, "not enough memory: Unable to"),
        (MemoryError(), 2, "not enough memory; use a machine with more"),
        (EOFError("Ran out of input"), 2, "ends too soon"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_what_goes_wrong_is_one_line(monkeypatch, tmp_path, error, status, words):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("eventsnn.cli.energy._print_energy", fail)
    (tmp_path / "r.json").write_text("{}")
    result = CliRunner().invoke(main, ["energy", str(tmp_path / "r.json")])
    assert result.exit_code == status
    assert words in result.output
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_without_the_letter(made, tmp_path, encoding):
    target = tmp_path / "r\u00e9seau \u4e16.h5"
    target.write_bytes((made / "net.h5").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", "from eventsnn.cli import main; main()", "info", target],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    name = target.name.encode(encoding, "backslashreplace")
    assert done.stdout.startswith(name)
    assert not done.stderr
