"""Two processes never write one file or folder; a dead process holds nothing and leaves nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jetgen.datasets.formats.hdf5_writing import require_new
from jetgen.errors import InputError
from jetgen.files.lock import lock_file, locked
from jetgen.files.whole import remove_dead, whole_file, write_text

pytest.importorskip("fcntl")

HOLD = """
import sys, time
from pathlib import Path
from jetgen.files.whole import whole_file
with whole_file(Path(sys.argv[1]), alone=True) as temporary:
    temporary.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """Another process in the middle of writing a file."""
    path = tmp_path / "[a] b.h5"
    words = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "writing\n"
        yield path, process
        process.kill()


def test_a_file_that_another_process_writes_is_refused(writer):
    path, _ = writer
    with (
        pytest.raises(InputError, match="expected to be the only process"),
        whole_file(path, alone=True),
    ):
        pass
    assert not path.exists()


def test_a_killed_writer_holds_nothing_and_the_next_one_removes_what_it_left(writer):
    path, process = writer
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(list(path.parent.iterdir())) == 2  # the partial file and the lock file
    write_text(path, "whole")
    assert list(path.parent.iterdir()) == [path]
    assert path.read_text() == "whole"


def test_a_refused_output_loses_the_lock_file_of_a_dead_process_and_no_other(writer):
    other, _ = writer
    other.write_text("old")
    path = other.with_name("made.h5")
    path.touch()
    lock_file(path).touch()
    for refused in (path, other):
        with pytest.raises(InputError, match="received one that exists"):
            require_new(refused, overwrite=False)
    assert lock_file(other).exists() and not lock_file(path).exists()


def test_the_current_folder_is_locked_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with locked(Path()):
        assert [file.name for file in tmp_path.glob(".*")] == [".here.lock"]
        with pytest.raises(InputError, match="only process"), locked(tmp_path / "here"):
            pass
    with pytest.raises(InputError, match="with a name"), locked(Path("/")):
        pass


def test_a_lock_is_for_one_block_at_a_time(tmp_path):
    folder = tmp_path / "new" / "run"
    with locked(folder):
        with (
            pytest.raises(InputError, match="run: expected to be the only process"),
            locked(folder),
        ):
            pass
        assert not folder.exists()
    with locked(folder):
        pass
    assert not list(tmp_path.iterdir())


def test_a_waiting_process_does_not_take_a_lock_file_that_was_removed(tmp_path):
    """The holder removes its lock file; a lock on a removed file excludes no process."""
    code = (
        "import sys; from pathlib import Path; from jetgen.files.lock import locked\n"
        "print('start', flush=True)\n"
        "with locked(Path(sys.argv[1]), wait=True):\n"
        "    print(Path(sys.argv[2]).exists(), flush=True)"
    )
    path = tmp_path / "a"
    words = [sys.executable, "-c", code, str(path), str(tmp_path / ".a.lock")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        with locked(path):
            assert process.stdout.readline() == "start\n"
        assert process.stdout.readline() == "True\n"
    assert process.returncode == 0
    assert not os.listdir(tmp_path)  # noqa: PTH208


def test_a_partial_file_of_another_name_is_kept(writer):
    """``[a] b.h5`` is being written; ``[a] b`` is another file."""
    path, _ = writer
    write_text(path.with_name("[a] b"), "whole")
    remove_dead(path.parent)
    assert len(list(path.parent.glob(".*"))) == 2


def test_what_dead_processes_left_is_removed(writer):
    path, process = writer
    process.kill()
    process.wait()
    lock_file(path.with_name("other")).touch()
    remove_dead(path.parent)
    assert not list(path.parent.iterdir())


def test_a_folder_that_another_process_removes_is_made_again(tmp_path, monkeypatch):
    """It had made the folder for its own lock, and gave it up in the same moment."""
    path, opened = tmp_path / "new" / "run", os.open

    def removed_first(file, *arguments):
        if not calls:
            calls.append(file)
            path.parent.rmdir()
        return opened(file, *arguments)

    calls = []
    monkeypatch.setattr(os, "open", removed_first)
    with locked(path):
        assert lock_file(path).exists() and calls
