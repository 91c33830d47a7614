"""Progress is visible also where the output is piped."""

import pytest

from jetgen.files import progress


@pytest.mark.parametrize(("seconds", "lines"), [(0.0, 3), (1000.0, 0)])
def test_piped_progress_is_a_line_now_and_then(monkeypatch, capsys, seconds, lines):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", seconds)
    with progress.counted("generate", 1200, "jets") as advance:
        for _ in range(3):
            advance(400)
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("generate: ")]
    assert len(said) == lines
    if lines:
        assert said[0].startswith("generate: 400 of 1,200 jets, 0 s elapsed")
        assert said[-1].startswith("generate: 1,200 of 1,200 jets")


@pytest.mark.parametrize(("seconds", "lines"), [(0.0, ["measure", "draw"]), (1000.0, [])])
def test_piped_steps_are_lines_now_and_then(monkeypatch, capsys, seconds, lines):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", seconds)
    with progress.named_steps("read") as step:
        step("measure")
        step("draw")
    said = capsys.readouterr().err.splitlines()
    assert said == [f"{line}, 0 s elapsed" for line in lines]
