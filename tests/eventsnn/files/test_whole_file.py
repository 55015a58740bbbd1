"""Files are written whole or not at all, whatever goes wrong on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from eventsnn.files.whole_file import replacing, write_whole

posix = pytest.mark.skipif(os.name == "nt", reason="modes and limits of POSIX")


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == mode


@posix
def test_what_replaces_a_private_file_is_never_readable_by_others(tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    path.chmod(0o600)
    with replacing(path) as partial:
        assert partial.stat().st_mode & 0o777 == 0o600


@posix
def test_a_new_file_has_the_mode_of_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


def test_an_error_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(b"old")

    def fail():
        with replacing(path) as partial:
            partial.write_bytes(b"new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


@posix
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


FULL_DISK = """
import resource, sys
from eventsnn.files.whole_file import write_whole
size = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    write_whole(sys.argv[1], bytes(1000))
except OSError as error:
    assert error.filename == sys.argv[1], error
    assert "nothing was written" in str(error)
    sys.exit(3)
"""


@posix
@pytest.mark.parametrize("size", [*range(0, 1000, 250), 1000])
def test_a_disk_that_fills_up_leaves_the_old_file(tmp_path, size):
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(path), str(size)], check=False)
    if size == 1000:
        assert done.returncode == 0
        assert path.read_bytes() == bytes(1000)
    else:
        assert done.returncode == 3
        assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


WRITING = """
import sys
from eventsnn.files.whole_file import write_whole
print("ready", flush=True)
for number in range(10**9):
    write_whole(sys.argv[1], bytes([number % 256]) * 100_000)
"""


@posix
def test_a_process_that_is_killed_leaves_a_whole_file(tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    for delay in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", WRITING, str(path)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=0.003 * delay)
            process.send_signal(signal.SIGKILL)
        data = path.read_bytes()
        assert data == b"old" or (len(data) == 100_000 and len(set(data)) == 1)
