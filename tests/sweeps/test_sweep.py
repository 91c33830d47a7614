"""A search goes on where it stopped, finds the planted optimum, and refuses what is not one."""

import csv
import re

import optuna
import pytest

from jetgen.cli.main import main
from jetgen.config.sweep import SweepConfig
from jetgen.errors import InputError
from jetgen.sweeps import command as commands
from jetgen.sweeps.command import _database, sweep
from jetgen.sweeps.definition import read_sweep
from jetgen.sweeps.trials import next_trial
from jetgen.training.command import train

TEXT = """
base:
  data: [{data}]
  epochs: 2
  latent: 2
  hidden: 8
  layers: 1
  encoder: dense
  decoder: dense
  threads: 1
  loss: mse
  prior: gaussian
search:
  learning_rate: {{choices: [0.000001, 0.01]}}
  batch: {{choices: [32, 64]}}
metric: validation_total
"""


@pytest.fixture
def file(tmp_path, gaussian_file):
    path = tmp_path / "toy.yaml"
    path.write_text(TEXT.format(data=gaussian_file))
    return path


@pytest.fixture
def without_page(monkeypatch):
    """No page of results, which takes more time than tiny trials."""
    monkeypatch.setattr(commands, "conclude", lambda *study: None)
    monkeypatch.setattr(commands, "write_findings", lambda *args, **page: None)


def stored_trials(folder):
    storage = f"sqlite:///{folder / 'sweep.db'}"
    return optuna.load_study(study_name=None, storage=storage).trials


@pytest.mark.slow
def test_a_grid_is_searched_once_and_the_better_rate_wins(file, tmp_path):
    config = {"sampler": "grid", "pruning": False, "output": str(tmp_path / "out")}
    sweep(SweepConfig(str(file), trials=2, **config))
    before = len(list((tmp_path / "out/trials").iterdir()))
    page = sweep(SweepConfig(str(file), trials=4, **config))
    assert before == 2 and len(list((tmp_path / "out/trials").iterdir())) == 4

    with (tmp_path / "out/trials.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert len({(row["learning_rate"], row["batch"]) for row in rows}) == 4
    assert rows[0]["learning_rate"] == rows[1]["learning_rate"] == "0.01"
    for words in ("Parallel coordinates", "Importances", "History"):
        assert words in page.read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("without_page")
def test_pruned_trials_are_counted_and_left_unfinished(file, tmp_path):
    out = tmp_path / "out"
    sweep(SweepConfig(str(file), trials=8, sampler="random", output=str(out)))
    states = [trial.state.name for trial in stored_trials(out)]
    assert len(states) == 8 and "COMPLETE" in states
    assert set(states) <= {"COMPLETE", "PRUNED"}


@pytest.mark.parametrize("sampler", ["random", "tpe"])
@pytest.mark.slow
@pytest.mark.usefixtures("without_page")
def test_a_sweep_that_goes_on_draws_what_one_in_a_row_does(file, tmp_path, sampler):
    """Not the settings of its first trials again."""
    text = file.read_text().replace("[0.000001, 0.01]}", "1}")
    file.write_text(text.replace("{choices: 1}", "{low: 0.0001, high: 0.01}"))

    def rates(folder, *trials):
        for number in trials:
            options = {"sampler": sampler, "pruning": False, "output": str(tmp_path / folder)}
            sweep(SweepConfig(str(file), trials=number, **options))
        return {t.number: t.params["learning_rate"] for t in stored_trials(tmp_path / folder)}

    interrupted = rates("two", 2, 4)
    assert len(set(interrupted.values())) == 4
    assert interrupted == rates("one", 4)


class Killed(BaseException):
    """Ends a sweep as a kill does: the storage of trials receives no message."""


def killed_before(config, **options):
    raise Killed


def killed_after_an_epoch(config, observe):
    def stop(row):
        observe(row)
        raise Killed

    train(config, stop)


def killed_at_the_end(config, observe):
    train(config, observe)
    raise Killed


@pytest.mark.slow
@pytest.mark.usefixtures("without_page")
@pytest.mark.parametrize(
    ("sampler", "kill"),
    [("random", killed_before), ("grid", killed_after_an_epoch), ("random", killed_at_the_end)],
)
def test_a_killed_trial_goes_on_with_its_settings(file, tmp_path, monkeypatch, sampler, kill):
    def run(name):
        options = {"sampler": sampler, "pruning": False, "output": str(tmp_path / name)}
        sweep(SweepConfig(str(file), trials=2, **options))

    def trials(name):
        return [
            (trial.number, trial.state, trial.params, trial.value, trial.intermediate_values)
            for trial in stored_trials(tmp_path / name)
        ]

    run("whole")
    for _ in range(2):
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(commands, "train", kill)
            run("killed")
    run("killed")
    assert trials("killed") == trials("whole")
    assert {path.name for path in (tmp_path / "killed/trials").iterdir()} == {"0000", "0001"}


@pytest.mark.usefixtures("without_page")
def test_a_grid_ends_when_it_is_exhausted(file, tmp_path, monkeypatch):
    def trained(plan, trial, run):
        plan.draw(trial)
        return trial.number

    monkeypatch.setattr(commands, "_trained", trained)
    for _ in range(2):
        sweep(SweepConfig(str(file), trials=9, sampler="grid", output=str(tmp_path / "out")))
    trials = stored_trials(tmp_path / "out")
    assert len({tuple(trial.params.items()) for trial in trials}) == len(trials) == 4


def test_a_trial_of_another_process_is_left_to_it(tmp_path):
    study = optuna.create_study(storage=f"sqlite:///{tmp_path / 'sweep.db'}")
    trials = tmp_path / "trials"
    with next_trial(study, trials) as first:
        first.suggest_float("x", 0, 1)
        with next_trial(study, trials) as second:
            assert (first.number, second.number) == (0, 1)
            study.tell(second, 1.0)
        with next_trial(study, trials) as third:
            assert third.number == 2
    with next_trial(study, trials) as again:
        assert again.number == 0 and again.params == first.params
        study.tell(again, 1.0)
    with next_trial(study, trials) as again:
        assert again.number == 2
    assert not trials.exists()  # with the last lock


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("search:", "serch:", "search"),
        ("batch: {choices: [32, 64]}", "btch: {choices: [32, 64]}", "btch"),
        ("{choices: [32, 64]}", "{values: [32, 64]}", "batch"),
        ("  latent: 2", "  batch: 16", "either in base or in search.* received batch"),
        ("  latent: 2", "  run: elsewhere", "either in base or in search.* received run"),
    ],
)
def test_a_wrong_file_is_named(file, old, new, message):
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(InputError, match=message):
        read_sweep(file)


def test_ranges_have_no_grid(file):
    file.write_text(file.read_text().replace("{choices: [32, 64]}", "{low: 32, high: 64}"))
    with pytest.raises(InputError, match="ranges for batch"):
        read_sweep(file).grid()


def test_another_sweep_in_the_folder_is_refused(file, tmp_path):
    config = SweepConfig(str(file), trials=1, sampler="random", output=str(tmp_path / "out"))
    sweep(config)
    file.write_text(file.read_text().replace("[32, 64]", "[32, 128]"))
    with pytest.raises(InputError, match="choose another `output`"):
        sweep(config)


def test_a_metric_that_no_epoch_has_is_named(file, tmp_path):
    file.write_text(file.read_text().replace("validation_total", "monitor_w1m"))
    with pytest.raises(InputError, match="monitor_w1m"):
        sweep(SweepConfig(str(file), trials=1, output=str(tmp_path / "out")))


def test_an_input_error_of_a_trial_is_one_line(file, tmp_path, capfd):
    file.write_text(re.sub(r"data: .*", "data: [none.h5]", file.read_text()))
    words = ["sweep", str(file), "--trials", "1", "--output", str(tmp_path / "out")]
    assert main(words) == 2
    error = capfd.readouterr().err.strip()
    assert "none.h5: expected a file" in error and "\n" not in error


def test_a_folder_of_any_name_holds_the_database_of_a_sweep(tmp_path):
    folder = tmp_path / "a?b%20{c}#d e"
    folder.mkdir()
    optuna.create_study(study_name="x", storage=_database(folder / "sweep.db"))
    assert (folder / "sweep.db").is_file()
    assert optuna.get_all_study_names(_database(folder / "sweep.db")) == ["x"]


@pytest.mark.parametrize("storage", ["journal.log", "sqlite:///all.db"])
def test_a_storage_of_ones_own_holds_several_sweeps(file, tmp_path, monkeypatch, storage):
    monkeypatch.chdir(tmp_path)
    plan = read_sweep(str(file))
    for name in ("one", "two", "one"):
        config = SweepConfig(str(file), output=name, storage=storage)
        study = commands._study(plan, config, tmp_path / name)
        study.tell(study.ask(), 1.0)
    assert len(study.trials) == 2 and not (tmp_path / "one" / "sweep.db").exists()


@pytest.mark.parametrize(
    "storage", ["nosuch://me:secret@host/db", "sqlite:////no/such/folder/a.db"]
)
def test_a_storage_that_cannot_be_used_is_one_line_without_its_password(file, tmp_path, storage):
    config = SweepConfig(str(file), output=str(tmp_path / "out"), storage=storage)
    with pytest.raises(InputError, match="storage: expected an SQL database") as caught:
        sweep(config)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("content", [b"px,py\n1,2\n", b"\x89HDF"])
def test_a_file_of_the_user_is_no_storage(content, tmp_path):
    file = tmp_path / "jets"
    file.write_bytes(content)
    for place in (file, tmp_path, ""):
        with pytest.raises(InputError, match="storage: expected the address of an SQL database"):
            sweep(SweepConfig("vae", trials=1, storage=str(place), output=str(tmp_path / "out")))
    assert file.read_bytes() == content


def test_other_data_take_the_place_of_those_of_the_file(file, tmp_path):
    with pytest.raises(InputError, match=r"other\.h5: expected a file, found none"):
        sweep(SweepConfig(str(file), data=["other.h5"], trials=1, output=str(tmp_path / "out")))
