"""YAML files of strangers: refused in one line, in little time and memory."""

import pytest
import yaml

from jetgen.cli.main import main
from jetgen.errors import InputError
from jetgen.files.option_files import read_yaml

LEVELS = 12
BOMB = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{k + 1}: &a{k + 1} [{', '.join(10 * [f'*a{k}'])}]\n" for k in range(LEVELS)
)
WRONG = {
    "bomb": (f"{BOMB}data: *a{LEVELS}\n".encode(), "after its aliases are replaced"),
    "endless": (b"a: &a [*a]\n", "expected"),
    "latin": ("süß: 1\n".encode("latin-1"), "expected YAML text in UTF-8"),
    "twice": (b"epochs: 1\nhidden: 8\nepochs: 3\n", "'epochs' is given again in line 3"),
    "tabs": (b"a:\n\t- 1\n", "in line 2"),
    "deep": (b"[" * 20_000, "expected YAML"),
    "tag": (b"a: !!python/object/apply:os.system ['touch x']\n", "in line 1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_read_is_refused(tmp_path, name, capsys):
    content, message = WRONG[name]
    path = tmp_path / "options.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_yaml(path)
    for words in (["train", "--config", str(path)], ["sweep", str(path)]):
        assert main(words) == 2
        assert len(capsys.readouterr().err) < 2_000
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").write_bytes(content)
    assert main(["generate", str(run)]) == 2
    study = tmp_path / "study"
    study.mkdir()
    (study / "study.yaml").write_bytes(content)
    assert main(["study", str(study)]) == 2
    assert len(capsys.readouterr().err) < 4_000


def test_an_alias_that_is_used_twice_is_no_bomb(tmp_path):
    path = tmp_path / "options.yaml"
    path.write_text("a: &a [1, 2]\nb: *a\nc: {<<: {d: 3}}\n", encoding="utf-8")
    assert read_yaml(path) == yaml.safe_load(path.read_text(encoding="utf-8"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml: expected a YAML file; No such file"):
        read_yaml(tmp_path / "none.yaml")
