"""A conclusion appears whole on the page, in Markdown and as CSV."""

import pytest
from matplotlib.figure import Figure

from jetgen.errors import InputError
from jetgen.reports import findings_page
from jetgen.reports.findings import Claim, Conclusion, FindingFigure, Table
from jetgen.reports.findings_page import write_findings


def test_everything_is_written(tmp_path):
    conclusion = Conclusion(
        "It does <so>.",
        [Claim("A beats B", "confirmed", "1.0 ± 0.1 against 2.0 ± 0.1", "3 trainings, p = 0.02")],
        [Table("numbers", "Numbers", ("run", "w1m"), [("A", "1.0"), ("B", "2.0")], "smaller")],
        [FindingFigure("line", "A line", "straight", Figure())],
    )
    page = write_findings(
        tmp_path,
        conclusion,
        title="A toy",
        question="Does it?",
        source="somebody",
        facts={"Settings": ["jets: 5"]},
    )
    text = page.read_text()
    for words in (
        "A toy",
        "Does it?",
        "It does &lt;so&gt;.",
        "A beats B",
        "p = 0.02",
        "jets: 5",
        "data:image",
    ):
        assert words in text
    assert (tmp_path / "numbers.csv").read_text() == "run,w1m\nA,1.0\nB,2.0\n"
    assert "| A | 1.0 |" in (tmp_path / "results.md").read_text()
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"line.pdf", "line.png"}


def test_a_page_that_is_not_finished_replaces_nothing(tmp_path, monkeypatch):
    def written(text, figures):
        drawings = [FindingFigure(name, text, "", Figure()) for name in figures]
        return write_findings(
            tmp_path, Conclusion(text, [], [], drawings), title=text, question="?", facts={}
        )

    def files():
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    written("first", ["a", "b"])
    before = files()
    monkeypatch.setattr(findings_page, "_markdown", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        written("second", ["a", "c"])
    assert files() == before


@pytest.mark.parametrize("name", ["report.html", "results.md", "jets.csv"])
def test_a_page_replaces_files_of_an_earlier_one_only(name, tmp_path):
    def write(answer):
        table = Table("jets", "Jets", ["a"], [["1"]])
        return write_findings(
            tmp_path, Conclusion(answer, [], [table]), title="t", question="?", facts={}
        )

    (tmp_path / name).write_text("of the user")
    with pytest.raises(InputError, match=rf"{name}: expected a new file, or one of an earlier"):
        write("first")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "of the user"
    (tmp_path / name).unlink()
    write("first")
    assert "second" in write("second").read_text()
