"""The short table for the terminal."""

import io

from rich.console import Console

from jetgen.reports.terminal import print_table


def test_the_table_names_quantities_samples_and_warnings(made):
    out = io.StringIO()
    print_table(made.folder / "table.json", Console(file=out, width=200))
    text = out.getvalue()
    for words in ("mass [GeV]", "generated", "independent particles", "floor", "80 against 80"):
        assert words in text
    assert "warning: generated: 1 of 90 jets" in text
