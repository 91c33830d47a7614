"""The command line as a user meets it."""

import os
import signal
import subprocess
import sys

import pytest

from jetgen.cli.main import COMMANDS, main
from jetgen.cli.parser import parse
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError

HEAVY = (
    "torch",
    "awkward",
    "fastjet",
    "pythia8mc",
    "matplotlib",
    "sklearn",
    "lightning_fabric",
    "triton",
)


@pytest.mark.parametrize("chosen", [None, "active"])
def test_threads_sleep_while_they_wait_unless_chosen_otherwise(monkeypatch, chosen):
    monkeypatch.delenv("OPENBLAS_THREAD_TIMEOUT", raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", chosen or "")
    if chosen is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    assert main(["--version"]) == 0
    assert os.environ["OMP_WAIT_POLICY"] == (chosen or "passive")
    assert os.environ["OPENBLAS_THREAD_TIMEOUT"] == "4"


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "jetgen", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.smoke
def test_import_and_help_load_no_heavy_library():
    code = (
        "import sys, jetgen; from jetgen.cli.main import main; main(['--help']);"
        f"print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("words", [("presets",), ("--help",)])
def test_a_reader_that_ends_before_the_output_is_no_error(words):
    reading, writing = os.pipe()
    os.close(reading)  # as `head` does
    done = subprocess.run(
        [sys.executable, "-m", "jetgen", *words],
        stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.smoke
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    done = run(command, "--help")
    assert done.returncode == 0 and f"usage: jetgen {command}" in done.stdout
    assert "--config" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nope"], "unknown command 'nope': expected one of simulate"),
        (["train", "--nope", "1"], "unrecognized arguments: --nope"),
        (["evaluate", "--generated", "g.h5"], "generated is given without --generated"),
        (["train", "--epochs", "many"], "--epochs: expected a whole number, received many"),
        (["train", "--jets", "1.5"], "--jets: expected a whole number, received 1.5"),
        (["train", "--time-limit", "1h"], "--time-limit: expected a number, received 1h"),
        (["train", "--epochs", "0"], "--epochs: expected at least 1, received 0"),
        (["train", "--loss", "l7"], "one of mse, bce, chamfer, emd"),
        (["train", "--loss", "mse"], "chamfer or emd with a decoder that has no particle order"),
        (["train", "--data", "absent.h5"], "absent.h5: expected a file, found none"),
        (["train", "--config", "absent.yaml"], "absent.yaml"),
        (["generate"], "run"),
        (["generate", "absent"], "absent: expected the folder of a run"),
        (["inspect", "s3://bucket/x.parquet"], "the address s3://bucket/x.parquet; copy the files"),
        (["train", "--data", "s3://bucket/x.parquet", "--run", "a"], "or mount the storage"),
        (["train", "--data", "a.h5", "--run", "s3://bucket/run"], "run: expected the path"),
        (["generate", "s3://bucket/run"], "the address s3://bucket/run"),
        (["simulate", "gluon", "--output", "gs://bucket/x.h5"], "the address gs://bucket/x.h5"),
        (["cluster", "s3://bucket/x.h5", "--output", "a.h5"], "the address s3://bucket/x.h5"),
        (["evaluate", "s3://b/x.h5", "--real", "s3://b/y.h5"], "the address s3://b/"),
        (
            ["report", "--real", "s3://b/x.h5", "--generated", "s3://b/y.h5", "--output", "a"],
            "the address s3://b/",
        ),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("jetgen: error: ") and captured.err.count("\n") == 1
    assert message in captured.err
    assert list(tmp_path.iterdir()) == []


def test_traceback_is_there_on_request(capsys):
    assert main(["train", "--data", "absent.h5"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    with pytest.raises(InputError, match=r"^absent\.h5: expected a file, found none"):
        main(["train", "--data", "absent.h5", "--debug"])


def test_bug_is_not_mistaken_for_bad_input(monkeypatch, capsys):
    from jetgen.cli import commands

    def broken(config):
        raise KeyError("a bug")

    monkeypatch.setitem(commands.COMMANDS, "train", commands.COMMANDS["train"]._replace(run=broken))
    assert main(["train"]) == 1
    assert "internal error (KeyError)" in capsys.readouterr().err


def test_full_disk_is_one_line(monkeypatch, capsys):
    from jetgen.cli import commands

    def full(config):
        raise OSError(28, "No space left on device", "runs/x")

    monkeypatch.setitem(commands.COMMANDS, "train", commands.COMMANDS["train"]._replace(run=full))
    assert main(["train"]) == 2
    assert "No space left on device" in capsys.readouterr().err


def test_flags_win_over_the_yaml_file_and_repeat(tmp_path):
    path = tmp_path / "options.yaml"
    path.write_text("data: [a.h5, b.h5]\nloss: emd\nlatent: 7\n")
    words = ["--config", str(path), "--latent", "9", "--transform", "x=log", "--transform", "y=log"]
    config = parse("train", "", TrainConfig, words)
    assert (config.data, config.loss, config.latent) == (["a.h5", "b.h5"], "emd", 9)
    assert config.transform == ["x=log", "y=log"]
    replaced = parse("train", "", TrainConfig, [*words, "--data", "c.h5", "--data", "d.h5"])
    assert replaced.data == ["c.h5", "d.h5"]


def test_yaml_with_an_unknown_option_is_refused(tmp_path):
    path = tmp_path / "options.yaml"
    path.write_text("latnet: 7\n")
    with pytest.raises(InputError, match="latnet"):
        parse("train", "", TrainConfig, ["--config", str(path)])


def test_defaults_of_the_parser_are_those_of_the_dataclass():
    assert parse("train", "", TrainConfig, []) == TrainConfig()


@pytest.mark.parametrize("chosen", [signal.default_int_handler, signal.SIG_IGN])
def test_sigterm_is_handled_like_ctrl_c_in_every_command(monkeypatch, capsys, chosen):
    """Also where Ctrl-C is ignored, as in the background of a shell."""
    monkeypatch.setattr("jetgen.cli.main._dispatch", lambda words: os.kill(os.getpid(), 15))
    before, term = signal.signal(signal.SIGINT, chosen), signal.getsignal(signal.SIGTERM)
    try:
        assert main(["train"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == "jetgen: interrupted\n"
    assert signal.getsignal(signal.SIGTERM) is term


@pytest.mark.parametrize(
    "option", ["--layers=10000000", "--hidden=100000000", "--threads=1000000", "--latent=99999999"]
)
def test_a_network_or_a_number_of_threads_that_no_machine_has_is_refused(tmp_path, option, capsys):
    words = ["train", "--data", str(tmp_path / "jets.h5"), "--run", str(tmp_path / "run"), option]
    assert main(words) == 2
    assert "expected less than" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to")],
)
def test_too_little_memory_is_one_line(monkeypatch, error, capsys):
    def run(config):
        raise error

    monkeypatch.setitem(COMMANDS, "presets", COMMANDS["presets"]._replace(run=run))
    assert main(["presets"]) == 2
    assert "error: not enough memory; choose smaller networks" in capsys.readouterr().err


def test_a_message_does_not_repeat_endless_input(capsys):
    assert main(["x" * 100_000]) == 2
    assert len(capsys.readouterr().err) < 2_000
