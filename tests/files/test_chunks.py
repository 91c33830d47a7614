"""Chunks of an unfinished output: none is changed unseen, and only its own output is replaced."""

import os
from itertools import count

import numpy as np
import pytest
import torch

from jetgen.errors import InputError
from jetgen.files.chunks import chunks_of, kept_chunks, may_replace
from jetgen.files.lock import lock_file
from jetgen.files.whole import whole_file

pytestmark = [
    pytest.mark.filterwarnings("ignore::jetgen.errors.InputWarning"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

GOOD = [np.arange(50.0) + k for k in range(3)]


def make(first):
    for numbers in GOOD[first:]:
        yield {"a": numbers}


class Stopped(BaseException):
    pass


def made(path, *, stop=None, resume=False, overwrite=False, finished=True):
    """Write an output of the chunks; ``stop`` is called when it has its place."""
    replace = may_replace(path, resume=resume, overwrite=overwrite)
    if path.exists() and not replace:
        raise InputError("exists")
    with kept_chunks(path, {"seed": 1}, resume=resume, overwrite=overwrite) as chunks:
        with whole_file(path, alone=True) as temporary:
            temporary.touch()
            for arrays in chunks.stream(make):
                with temporary.open("ab") as file:
                    file.write(arrays["a"].tobytes())
        chunks.finished = finished
        if stop is not None:
            stop()


def stopped():
    raise Stopped


@pytest.mark.parametrize("name", ["1.npz", "note.json"])
def test_no_damaged_chunk_is_used(tmp_path, mutated, name):
    path = tmp_path / "out"
    with pytest.raises(Stopped):
        made(path, stop=stopped)
    expected, part = path.read_bytes(), chunks_of(path) / name
    whole, generator = part.read_bytes(), torch.Generator().manual_seed(1)
    for _ in range(300):
        part.write_bytes(mutated(whole, generator))
        path.unlink(missing_ok=True)
        try:
            made(path, resume=True)
        except InputError as error:
            assert "\n" not in str(error)
        else:  # a space more in JSON
            assert path.read_bytes() == expected
            with pytest.raises(Stopped):
                made(path, stop=stopped, overwrite=True)


def test_an_output_of_the_unfinished_run_is_replaced_and_no_other(tmp_path):
    path = tmp_path / "out"
    made(path, finished=False)
    expected, part = path.read_bytes(), path.replace(tmp_path / "part")
    path.write_text("mine")
    with pytest.raises(InputError, match="exists"):
        made(path, resume=True)
    assert path.read_text() == "mine"
    part.replace(path)
    made(path, resume=True)
    assert path.read_bytes() == expected and list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="exists"):  # a finished run has no claim
        made(path, resume=True)


def test_a_file_of_the_user_is_kept_when_a_killed_run_left_its_lock(tmp_path):
    path, lock = tmp_path / "out", lock_file(chunks_of(tmp_path / "out"))
    made(path, finished=False)
    claim = (chunks_of(path) / "output.json").read_bytes()
    made(path, resume=True)
    path.write_text("mine")
    lock.write_bytes(claim)
    with pytest.raises(InputError, match="exists"):
        made(path, resume=True)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", [".", "/"])
def test_a_folder_is_never_an_output_to_replace(name):
    assert not may_replace(name, resume=True, overwrite=False)
    assert not may_replace(name, resume=False, overwrite=False)


def killed_at(event, path):
    """Exit code of a process that writes the output, and ends at this change of the files."""
    if (process := os.fork()) == 0:
        left = iter(range(event))

        def dying(function):
            def call(*arguments, **options):
                done = function(*arguments, **options)
                if next(left, None) is None:
                    os._exit(9)
                return done

            return call

        for name in ("open", "replace", "rename", "unlink", "rmdir", "mkdir", "fsync"):
            setattr(os, name, dying(getattr(os, name)))
        made(path)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_a_kill_at_any_change_of_the_file_system_is_resumed(tmp_path):
    """From the first one to the last, the removal of the lock file, after which nothing is left."""
    pytest.importorskip("fcntl")
    path, expected = tmp_path / "out", b"".join(numbers.tobytes() for numbers in GOOD)
    for event in count():
        code = killed_at(event, path)
        assert code in (0, 9)
        if list(tmp_path.iterdir()) != [path]:
            assert code == 9
            made(path, resume=True)
            assert list(tmp_path.iterdir()) == [path], event
        assert path.read_bytes() == expected, event
        if code == 0:
            break
        path.unlink()
    assert event > 30
