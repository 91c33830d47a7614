"""Steps run once, in an order that their needs allow, and again when their command changes."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from jetgen.errors import InputError
from jetgen.files.chunks import chunks_of
from jetgen.files.lock import locked
from jetgen.studies.definition import Step, Study
from jetgen.studies.running import _keys, _words, run_steps
from jetgen.studies.stamps import DONE, Stamps


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


def test_steps_on_a_file_of_the_user_run_again_when_it_changes(tmp_path):
    table = tmp_path / "table.csv"
    plan = replace(study(tmp_path, f"train --data {table} --run run"), given={"jets": table})
    keys = []
    for text in ("a\n1\n", "a\n1\n", "a\n22\n"):
        table.write_text(text)
        keys += _keys(plan)
    assert keys[0] == keys[1] != keys[2]


def test_outputs_of_other_settings_are_no_part_of_the_study(tmp_path):
    """A conclusion looks at all runs of a folder: those of more seeds must not be there."""
    table = tmp_path / "table.csv"
    table.write_text("a,b\n" + "".join(f"{k},{k * k % 7}\n" for k in range(60)))
    train = (
        f"train --data {table} --columns a,b --encoder dense --decoder dense --prior gaussian "
        f"--epochs 1 --hidden 4 --latent 2 --layers 1 --seed {{0}} --run {tmp_path}/out/run-{{0}}"
    )
    two = study(tmp_path, train.format(1), train.format(2))
    run_steps(two, workers=1)
    (tmp_path / "out/of-the-user").mkdir()
    made = (tmp_path / "out/run-2/config.yaml").stat().st_mtime_ns
    run_steps(study(tmp_path, train.format(1)), workers=1)
    kept = {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert kept == {"run-1", "unused", "logs", "of-the-user"}
    run_steps(two, workers=1)
    assert (tmp_path / "out/run-2/config.yaml").stat().st_mtime_ns == made


def test_chunks_of_an_interrupted_step_are_used_again(tmp_path):
    output = tmp_path / "jets.h5"
    step = Step(("simulate", "gluon", "--output", str(output)), output)
    assert "--resume" not in _words(step, output)
    chunks_of(output).mkdir()
    output.write_bytes(b"what there was at the interruption")
    assert _words(step, output) == [*step.words, "--resume"]
    assert not output.exists()


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
        ("{}", "an output of this study"),
        ('{"samples": "mine"}', "a list of finished steps"),
        ("not JSON", "a list of finished steps"),
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


@pytest.mark.parametrize("made", ["elsewhere", "out/../elsewhere", "out", ""])
def test_outputs_that_a_study_cannot_have_made_are_refused(tmp_path, made):
    """As in a folder that was moved, or from a stranger."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").touch()
    plan = study(tmp_path, f"train --run {tmp_path}/out/run")
    plan.folder.mkdir()
    (plan.folder / "steps.json").write_text(json.dumps({f"{tmp_path}/{made}": ["key", "done"]}))
    with pytest.raises(InputError, match=r"steps.json: expected outputs in .*out, received"):
        run_steps(plan, workers=1)
    assert (tmp_path / "elsewhere" / "mine").exists()


def test_a_begun_training_is_done_resumed_or_made_anew_by_what_is_there(tmp_path):
    run = tmp_path / "out/run"
    words = ("train", "--data", "x.h5", "--run", str(run))
    step = Step(words, run)
    finished = Path(__file__).parents[1] / "runs/format-1"

    shutil.copytree(finished, run)
    assert _words(step, run) == []

    (run / "checkpoints/best.safetensors").unlink()
    assert _words(step, run) == [*words, "--resume"]

    (run / "config.yaml").write_text("half of")
    (run / "notes.txt").write_text("mine")
    assert _words(step, run) == [*words]
    assert not (run / "config.yaml").exists()
    assert (run / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["notes.txt", "checkpoints/mine.pt", "report/link", "generated.h5"]
)
def test_a_step_that_changes_removes_nothing_that_a_user_put_into_its_output(tmp_path, name):
    run, sample = tmp_path / "out/run", tmp_path / "out/run/samples/a.h5"
    plan = study(tmp_path, f"train --data x.h5 --run {run}", f"generate {run} --output {sample}")
    shutil.copytree(Path(__file__).parents[1] / "runs/format-1", run)
    (run / "generated.h5").unlink()
    sample.parent.mkdir()
    sample.touch()
    (plan.folder / "steps.json").write_text("{}")
    stamps = Stamps(plan.folder)
    for step in plan.steps:
        stamps.set(step, "of another command", DONE)
    stamps.require_no_other(plan.steps[0])  # the sample is of the study, too
    (run / name).parent.mkdir(exist_ok=True)
    (run / name).symlink_to(tmp_path)
    with pytest.raises(
        InputError, match=rf"run: expected only what this .*, found {name}; move it"
    ):
        run_steps(plan, workers=1)
    assert (run / name).is_symlink() and sample.exists() and run.joinpath("config.yaml").exists()
    (run / name).unlink()
    stamps.remove(plan.steps[0])
    assert not run.exists() and tmp_path.exists()


KILLED = """
import sys
from pathlib import Path
from jetgen.studies.definition import Step, Study
from jetgen.studies.running import run_steps
words, folder = tuple(sys.argv[2:]), Path(sys.argv[1])
run_steps(Study("t", "T", "Q", "S", {}, folder, folder, (Step(words, folder / "run"),)), 1)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_steps_end_with_the_study_that_started_them(tmp_path, gaussian_file, number):
    pytest.importorskip("fcntl")
    folder, run = tmp_path / "out", tmp_path / "out/run"
    step = f"train --data {gaussian_file} --run {run} --epochs 100000 --device cpu --threads 1"
    words = [sys.executable, "-c", KILLED, str(folder), *step.split()]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not (run / "checkpoints/last.safetensors").exists():
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(number)
    with locked(run, wait=True):  # the training has ended too
        pass
    log, deadline = folder / "logs/01.txt", time.monotonic() + 600
    while "interrupted" not in log.read_text():  # is printed after the lock was given back
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
