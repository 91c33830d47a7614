"""Steps run once, in an order that their needs allow, and again when their command changes."""

from pathlib import Path

import pytest

from jetgen.errors import InputError
from jetgen.studies.definition import Step, Study
from jetgen.studies.running import run_steps


def study(folder: Path, *commands: str) -> Study:
    steps = tuple(Step(tuple(words.split()), Path(words.split()[-1])) for words in commands)
    return Study("toy", "T", "Q?", "S", {}, folder / "toy", folder / "out", steps)


@pytest.mark.sim
@pytest.mark.slow
def test_steps_run_once_and_again_when_they_change(tmp_path):
    first, second = tmp_path / "out/a.h5", tmp_path / "out/b.h5"
    simulate = "simulate gluon --jets 4 --workers 1 --seed {} --output {}"
    plan = study(tmp_path, simulate.format(1, first), simulate.format(2, second))
    run_steps(plan, workers=2)
    times = [path.stat().st_mtime_ns for path in (first, second)]

    run_steps(plan, workers=2)
    assert [path.stat().st_mtime_ns for path in (first, second)] == times

    changed = study(tmp_path, simulate.format(1, first), simulate.format(3, second))
    run_steps(changed, workers=1)
    assert first.stat().st_mtime_ns == times[0]
    assert second.stat().st_mtime_ns != times[1]


@pytest.mark.slow
def test_a_failing_step_says_which_and_why_and_later_ones_do_not_run(tmp_path):
    made = tmp_path / "out/run"
    plan = study(
        tmp_path,
        f"train --data {tmp_path}/none.h5 --run {made}",
        f"generate {made} --output {tmp_path}/out/jets.h5",
    )
    with pytest.raises(InputError, match=r"jetgen train --data .*none\.h5"):
        run_steps(plan, workers=2)
    assert not (tmp_path / "out/logs/02.txt").exists()


@pytest.mark.parametrize("place", ["user", "out/../user", "out/link", "out"])
def test_a_step_outside_of_the_study_folder_removes_nothing(tmp_path, place):
    (tmp_path / "user").mkdir()
    (tmp_path / "user/precious").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/steps.json").write_text("{}")
    (tmp_path / "out/link").symlink_to(tmp_path / "user")
    with pytest.raises(InputError, match="in the study's folder"):
        run_steps(study(tmp_path, f"generate run --output {tmp_path}/{place}"), workers=1)
    assert (tmp_path / "user/precious").read_text() == "mine"


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        (None, "new or empty folder"),
        ("{}", "what this study made"),
        ('{"samples": "mine"}', "steps that a study has done"),
        ("not JSON", "steps that a study has done"),
    ],
)
def test_a_folder_of_the_user_keeps_what_the_study_did_not_make(tmp_path, stamps, expected):
    precious = tmp_path / "out/run/precious"
    precious.parent.mkdir(parents=True)
    precious.write_text("mine")
    if stamps is not None:
        (tmp_path / "out/steps.json").write_text(stamps)
    with pytest.raises(InputError, match=expected):
        run_steps(study(tmp_path, f"train --data x.h5 --run {tmp_path}/out/run"), workers=1)
    assert precious.read_text() == "mine"
