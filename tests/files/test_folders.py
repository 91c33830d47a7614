"""Results onto what is no folder: one line that says what stands there."""

import pytest

import jetgen
from jetgen.cli.main import main
from jetgen.errors import InputError
from jetgen.files.folders import make_folder


def test_what_stands_in_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    for below in ("", "a", "a/b"):
        with pytest.raises(InputError, match=r"link: expected a folder .* link to .*nothing"):
            make_folder(tmp_path / "link" / below)
        with pytest.raises(InputError, match=r"file: expected a folder or .* received a file"):
            make_folder(tmp_path / "file" / below)
    (tmp_path / "nothing").mkdir()
    make_folder(tmp_path / "link" / "a" / "b")
    assert (tmp_path / "nothing" / "a" / "b").is_dir()


def test_every_command_names_a_link_to_nothing(make_gaussian_jets, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    jetgen.write(make_gaussian_jets(60, seed=1), "jets.h5")
    small = "--epochs 1 --batch 16 --hidden 8 --prior gaussian"
    assert main(f"train --data jets.h5 --run run {small}".split()) == 0
    (tmp_path / "link").symlink_to("nothing")
    for command in (
        "simulate gluon --jets 5 --output link/jets.h5",
        f"train --data jets.h5 --run link {small}",
        "generate run --jets 5 --output link/jets.h5",
        "report --real jets.h5 --generated jets.h5 --output link",
        "compress jets.h5 link/jets.jgz --run run",
        "sweep vae --trials 1 --output link",
        "study muons --quick --output link",
        "leaderboard . --output link",
        "compare run --output link",
    ):
        capsys.readouterr()
        assert main(command.split()) == 2, command
        assert "link: expected a folder or a new name, received a link" in capsys.readouterr().err
    assert not (tmp_path / "nothing").exists()
