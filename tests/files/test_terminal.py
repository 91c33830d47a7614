"""Names from files and folders do not control the terminal, nor break tables and figures."""

import io

import pytest
import torch
from rich.table import Table
from rich.text import Text

import jetgen
from jetgen.cli.main import main
from jetgen.cloud import Feature, ParticleCloud
from jetgen.files.terminal import Terminal

NAMES = ["x\x1b[31m", "[red]", "$z{", "}{_^", "a\u202eb", "\x9b2J"]


def test_a_table_has_no_control_characters():
    written = io.StringIO()
    table = Table("name")
    for name in NAMES:
        table.add_row(Text(name))
    Terminal(file=written, force_terminal=False, width=60).print(table)
    text = written.getvalue()
    assert "\x1b" not in text and "\u202e" not in text and "\x9b" not in text
    assert "x[31m" in text and "[red]" in text and "ab" in text


@pytest.mark.slow
def test_columns_with_such_names_are_inspected_trained_on_and_reported(tmp_path, capsys):
    generator = torch.Generator().manual_seed(1)
    values = torch.randn(300, 1, len(NAMES), generator=generator)
    mask = torch.ones(300, 1, dtype=torch.bool)
    table = ParticleCloud(values, mask, tuple(map(Feature, NAMES)))
    path = jetgen.write(table, tmp_path / "odd\x1b[31m.h5")
    run = str(tmp_path / "run")
    tiny = ["--hidden", "8", "--epochs", "1", "--prior-epochs", "1", "--latent", "2"]
    words = ["train", "--data", str(path), "--representation", "features", "--run", run]
    assert main(["inspect", str(path)]) == 0
    assert main([*words, *tiny]) == 0
    assert main(["generate", run, "--jets", "200"]) == 0
    assert main(["report", run]) == 0
    assert main(["inspect", str(tmp_path / "no\x1b[31mne.h5")]) == 2
    shown = capsys.readouterr()
    assert "[red]" in shown.out
    assert "\x1b" not in shown.out + shown.err and "\u202e" not in shown.out + shown.err
    page = (tmp_path / "run" / "report" / "report.html").read_text(encoding="utf-8")
    assert "\x1b" not in page and "\x9b" not in page
