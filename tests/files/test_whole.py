import hashlib
import json
import os
import subprocess
import sys
from itertools import count
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


def test_files_that_the_next_set_lacks_do_not_stay_beside_it(tmp_path):
    for names in (["figures/a.png", "figures/b.png", "page.html"], ["figures/b.png", "page.html"]):
        with whole_set(tmp_path, "page", lambda: ["figures/a.png", "figures", "none"]) as new:
            for name in names:
                write_text(new / name, name)
        (tmp_path / "figures" / "mine.png").touch()
    assert contents(tmp_path).keys() == {"figures/b.png", "figures/mine.png", "page.html"}


HEAD = '<meta name="generator" content="jetgen'
SETS = {"first": ["a.csv", "figures/a.png"], "second": ["a.csv", "figures/b.png"]}


def write_set(folder, text):
    names = [*SETS[text], "report.html"]
    require_own(folder, names)
    former = [name for name in contents(folder) if name.startswith("figures")]
    with whole_set(folder, "report", lambda: former) as new:
        for name in names:
            write_text(new / name, HEAD + text)


def killed_at(event, folder):
    """Exit code of a process that writes the second set, and ends at this change of the files."""
    if (process := os.fork()) == 0:
        left = iter(range(event))

        def dying(function):
            def call(*arguments, **options):
                if next(left, None) is None:
                    os._exit(9)
                return function(*arguments, **options)

            return call

        for name in ("open", "replace", "rename", "unlink", "rmdir", "mkdir", "fsync"):
            setattr(os, name, dying(getattr(os, name)))
        write_set(folder, "second")
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_no_page_lies_beside_files_of_another_one_after_a_kill(tmp_path):
    """A kill at any change of the files; the next set, interrupted too, is not blocked."""
    pytest.importorskip("fcntl")
    found, code = [], 9
    for event in count():
        folder = tmp_path / str(event)
        write_set(folder, "first")
        code = killed_at(event, folder)
        seen = {k: v.removeprefix(HEAD) for k, v in contents(folder).items() if k[0] != "."}
        found.append(seen.get("report.html", "none"))
        if found[-1] != "none":
            assert seen == dict.fromkeys([*SETS[found[-1]], "report.html"], found[-1]), event
        if code == 0:
            break
        with pytest.raises(OSError, match="disk full"), whole_set(folder, "report"):
            raise OSError("disk full")
        write_set(folder, "second")
        expected = dict.fromkeys([*SETS["second"], "report.html"], HEAD + "second")
        assert contents(folder) == expected, event
    assert list(dict.fromkeys(found)) == ["first", "none", "second"]


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


def test_a_hidden_folder_from_elsewhere_touches_nothing_outside(tmp_path):
    folder, own = tmp_path / "received", tmp_path / "own.txt"
    complete = folder / ".report.complete"
    complete.mkdir(parents=True)
    own.write_text("mine")
    (folder / "figure.png").write_text("old")
    (folder / "figures").symlink_to(tmp_path)
    names = ["../own.txt", str(own), "figures/own.txt", "figure.png"]
    for content in (json.dumps(names), "[1", "7", "[[1]]"):
        complete.mkdir(exist_ok=True)
        (complete / ".former.json").write_text(content)
        with whole_set(folder, "report") as new:
            (new / "report.html").write_text("page")
        assert own.read_text() == "mine" and list(contents(folder)) == ["report.html"]
    complete.symlink_to(tmp_path)
    with pytest.raises(InputError, match="received a link"), whole_set(folder, "report"):
        pass
    assert own.read_text() == "mine"


def test_a_link_is_followed(tmp_path):
    target, link = tmp_path / "far" / "target.txt", tmp_path / "link.txt"
    link.symlink_to(target)
    for content in ("first", "second"):  # of a link to nothing, and of a link to a file
        with whole_file(link) as temporary:
            temporary.write_text(content)
        assert link.is_symlink() and target.read_text() == content
    assert contents(tmp_path).keys() == {"far/target.txt", "link.txt"}
