"""Where compiled code is kept: with this user, for this processor."""

from pathlib import Path

import pytest
import torch

from jetgen.files.compiled import VARIABLE, keep_compiled_code, processor


def test_the_folder_for_temporary_files_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JETGEN_CACHE", str(tmp_path))
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.delenv(VARIABLE)
    assert Path(cache_dir()).parent != tmp_path  # what the import of the compiler may do first
    keep_compiled_code()
    assert Path(cache_dir()) == tmp_path / "compiled" / processor()


def test_a_chosen_folder_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    keep_compiled_code()
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    assert Path(cache_dir()) == tmp_path / "mine"


def test_processors_of_other_instructions_have_other_folders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = processor()
    assert here == processor()
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "another")
    assert processor() != here
