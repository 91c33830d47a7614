"""Commands that write a folder of results keep files there that they did not write."""

import pytest

import jetgen
from jetgen.cli.main import main
from jetgen.errors import InputError


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["report", "--real", "{jets}", "--generated", "{jets}"], "report.html"),
        (["compare", "no-run"], "results.csv"),
        (["peaks", "{jets}", "{jets}", "--window", "0:500"], "report.html"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_files_of_others_are_not_replaced(words, name, gaussian_file, tmp_path, capsys):
    output = tmp_path / "results"
    output.mkdir()
    (output / name).write_text("of the user")
    words = [word.format(jets=gaussian_file) for word in words]
    assert main([*words, "--output", str(output)]) == 2
    assert f"{name}: expected a new file, or one of an earlier result" in capsys.readouterr().err
    assert (output / name).read_text() == "of the user"
    assert [path.name for path in output.iterdir() if not path.name.startswith(".")] == [name]


def test_an_evaluation_from_python_replaces_its_own_results_only(gaussian_file, tmp_path):
    jets = jetgen.read(gaussian_file)
    before = gaussian_file.read_bytes()
    with pytest.raises(InputError, match=r"gaussian\.h5: expected a new file, or one of an "):
        jetgen.evaluate(jets, jets, output=gaussian_file)
    assert gaussian_file.read_bytes() == before
