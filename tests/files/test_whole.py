import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jetgen.datasets.formats.hdf5_writing import require_new
from jetgen.errors import InputError
from jetgen.files.own import require_own
from jetgen.files.whole import sha256, whole_file, whole_set, write_json, write_text


def test_file_appears_whole(tmp_path):
    write_text(tmp_path / "deep" / "a.txt", "content")
    assert (tmp_path / "deep" / "a.txt").read_text() == "content"
    write_json(tmp_path / "a.json", {"b": 1})
    assert (tmp_path / "a.json").read_text() == '{\n  "b": 1\n}\n'


def test_failure_leaves_the_former_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "before")
    with pytest.raises(OSError, match="disk full"), whole_file(path) as temporary:
        temporary.write_text("half")
        raise OSError("disk full")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def contents(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_no_device_pipe_or_folder_is_replaced(tmp_path):
    pytest.importorskip("fcntl")
    os.mkfifo(tmp_path / "pipe.h5")
    for path, kind in ((tmp_path / "pipe.h5", "a device or pipe"), (tmp_path, "a folder")):
        with pytest.raises(InputError, match=f"name of a file to write, received {kind}"):
            write_text(path, "content")
        with pytest.raises(InputError, match=f"expected a new file, received {kind}"):
            require_new(path, overwrite=True)
    assert (tmp_path / "pipe.h5").is_fifo()


def test_the_files_of_a_set_appear_together(tmp_path):
    folder = tmp_path / "out"
    with whole_set(folder, "page") as new:
        write_text(new / "figures" / "a.png", "first")
        write_text(new / "page.html", "first")
        assert contents(folder).keys() == {
            ".page.lock",
            *(f"{new.name}/{n}" for n in contents(new)),
        }
    assert contents(folder) == {"figures/a.png": "first", "page.html": "first"}
    write_text(folder / "figures" / "mine.png", "mine")
    with whole_set(folder, "page") as new:
        write_text(new / "page.html", "second")
    assert contents(folder) == {
        "figures/a.png": "first", "figures/mine.png": "mine", "page.html": "second",
    }  # fmt: skip
    with pytest.raises(OSError, match="disk full"), whole_set(folder, "page") as new:
        write_text(new / "page.html", "third")
        raise OSError("disk full")
    assert contents(folder)["page.html"] == "second"
    with pytest.raises(OSError, match="disk full"), whole_set(tmp_path / "none", "page"):
        raise OSError("disk full")
    assert list(tmp_path.iterdir()) == [folder]


KILLED = """
import os, signal, sys
from pathlib import Path
from jetgen.files.whole import whole_set, write_text

with whole_set(Path(sys.argv[1]), "page") as new:
    write_text(new / "figures" / "a.png", "second")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_kill_while_files_move_up_does_not_block_the_next_set(tmp_path, monkeypatch):
    page = '<meta name="generator" content="jetgen'
    names, move = ["a.csv", "figures/a.png", "report.html"], Path.replace

    def write():
        require_own(tmp_path, names)
        with whole_set(tmp_path, "report") as folder:
            for name in names:
                write_text(folder / name, page)

    for stop in (1, 2):
        moved = []

        def dying(path, target, stop=stop, moved=moved):
            if ".report." in str(path) and ".report." not in str(target):
                if len(moved) == stop:
                    raise KeyboardInterrupt
                moved.append(path)
            return move(path, target)

        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Path, "replace", dying)
            write()
        write()
        for path in tmp_path.rglob("*.*"):
            path.unlink()


def test_a_kill_leaves_the_former_set_and_the_next_one_cleans_up(tmp_path):
    before = {"figures/a.png": "first", "page.html": "first"}
    for name, text in before.items():
        write_text(tmp_path / name, text)
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, cwd=root)
    left = contents(tmp_path)
    assert {name: left[name] for name in before} == before and len(left) > 2
    with whole_set(tmp_path, "page") as new:
        write_text(new / "page.html", "third")
    assert contents(tmp_path) == {"figures/a.png": "first", "page.html": "third"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_with_the_file(tmp_path):
    path = tmp_path / "jets.h5"
    with pytest.raises(OSError, match="No space left on device: ") as failed, whole_file(path):
        Path("/dev/full").write_bytes(b"x")
    assert failed.value.filename == str(path) and not list(tmp_path.iterdir())


def test_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    assert sha256(tmp_path / "a") == hashlib.sha256(b"x" * 3_000_000).hexdigest()
