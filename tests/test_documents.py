"""Every command and every piece of Python in README and docs works as it is written.

All ``sh`` and ``python`` blocks of a page run in order, in one empty folder. What a reader does not
need but the test does stands in comments of the page:

    <!-- test: before
    jetgen simulate gluon --jets 300 --output gluon.h5
    -->                          commands that run first, such as those that make a file
    <!-- test: with OPTIONS -->   options that the commands of the next block get at their end
    <!-- test: check only, REASON -->
                                 the next block is not run; its options are parsed

The rule for sizes: numbers after the flags of LIMITS are lowered to them, and the options of SMALL
are added to a command and to ``jetgen.train``, or put over those of a ``TrainConfig``, a sweep, or
the commands of a script. A study has the settings of SETTINGS. In comments, numbers are as they are
written, and options go before those of SMALL. ``$GLUON``, ``$OTHER`` and ``$TOP`` are files of 400
jets each, ``$MANY`` is one of 10,000, ``$TABLE`` is a table of 4,000 rows with
columns a to e and type.
"""

import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
import torch

import jetgen
from jetgen.cli.commands import COMMANDS
from jetgen.cli.main import main
from jetgen.cli.parser import parse
from jetgen.cloud import Feature
from jetgen.config.study import StudyConfig
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.registry import resolve
from jetgen.studies import running
from jetgen.studies.definition import Step, define, find
from jetgen.sweeps import command as sweep_command
from jetgen.sweeps.definition import Sweep, read_sweep

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

LIMITS = {"--jets": 200, "--workers": 1, "--trials": 2, "--devices": 2, "--solver-steps": 2}
SMALL = {
    "train": {
        "jets": 400,
        "epochs": 1,
        "prior_epochs": 1,
        "hidden": 8,
        "latent": 4,
        "layers": 2,
        "flow_transforms": 1,
        "flow_hidden": 8,
        "batch": 50,
        "device": "cpu",
    },
}


SETTINGS = {
    "sparse-jets": "gluon=$GLUON particles=12 epochs=1 conv_epochs=1 set_epochs=1 prior_epochs=1 "
    "hidden=8 seeds=[1] further_seeds=[1] flow_transforms=1 other_weights=[0.01] other_betas=[0.1]",
}
"""Studies that are run, with their settings at a small scale in place of those of a command.

They are run once, by ``jetgen study NAME --quick`` on their page. Of other commands and studies
every step is parsed: simulations and conclusions take minutes; tests/studies has tests of them.
"""


SCRIPTS = {"benchmarks/results.py": ["--rows", "vae_emd", "gan_bce"]}
"""Scripts that are run, with options that make them small."""


class Block(NamedTuple):
    """A block of code.

    Args:
        language: ``sh``, ``python`` or another word after the fence.
        text: its lines.
        line: where it begins.
        run: whether it is run, or only checked.
        options: that its commands get at their end.
        hidden: whether it stands in a comment.
    """

    language: str
    text: str
    line: int
    run: bool
    options: tuple[str, ...] = ()
    hidden: bool = False


_FENCE = re.compile(
    r"^```(\w*)\n(.*?)^```$|^<!-- test: (before\n|with |check only)(.*?)-->$", re.M | re.S
)


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page and the commands in its comments, from top to bottom."""
    text, run, options = page.read_text(encoding="utf-8"), True, ()
    for match in _FENCE.finditer(text):
        language, content, kind, hidden = match.groups()
        line = text.count("\n", 0, match.start()) + 1
        if kind is None:
            yield Block(language, content, line, run, options)
            run, options = True, ()
        elif kind == "check only":
            run = False
        elif kind == "with ":
            options = tuple(shlex.split(hidden))
        else:
            yield Block("sh", hidden, line, True, hidden=True)


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command of a block of shell."""
    for line in text.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            yield words


def small(words: list[str], block: Block) -> list[str]:
    """A jetgen command of a block, without the word ``jetgen``, at a small scale."""
    options = SMALL.get(words[0], {})
    added = [part for name, value in options.items() for part in (flag(name), str(value))]
    if block.hidden:
        return [words[0], *added, *words[1:]]
    shrunk = list(words)
    for i, word in enumerate(words[1:], 1):
        limit = LIMITS.get(words[i - 1])
        if limit is not None:
            shrunk[i] = str(min(int(word), limit))
    return [*shrunk, *added, *block.options]


def with_settings(words: list[str]) -> list[str]:
    """A command of a study that is run, with the settings of SETTINGS."""
    return [*words, "--set", *os.path.expandvars(SETTINGS[words[1]]).split()]


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
RUN = [
    page
    for page in PAGES
    if page.name != "extending.md"  # its examples are one module: tests/test_extending.py
    and any(block.language in ("sh", "python") and block.run for block in blocks(page))
]


def name(page):
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files that pages begin with, by the name of the variable that holds their path."""
    folder = tmp_path_factory.mktemp("files")
    jets = jetgen.read(ROOT / "data" / "gluon.h5", jets=800)
    halves = {"GLUON": jets[:400], "OTHER": jets[400:], "TOP": jets[400:]}
    halves["TOP"] = halves["TOP"].with_conditions({Feature("type"): torch.full((400,), 2.0)})
    for variable, cloud in halves.items():
        with JetgenWriter(folder / f"{variable}.h5", attributes={"command": "test"}) as writer:
            writer.append(cloud)
    numbers = np.random.default_rng(1).normal(size=(4000, 5))
    rows = np.column_stack([numbers, np.arange(4000) % 2])
    np.savetxt(folder / "TABLE.csv", rows, delimiter=",", header="a,b,c,d,e,type", comments="")
    return {"MANY": str(ROOT / "data" / "gluon.h5")} | {
        path.stem: str(path) for path in folder.iterdir()
    }


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("without_figures")  # tests/reports draws them
@pytest.mark.parametrize("page", RUN, ids=name)
def test_the_page_works(page, files, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for variable, path in files.items():
        monkeypatch.setenv(variable, path)
    public = {n: getattr(jetgen, n) for n in jetgen.__all__}
    small_config = lambda **given: jetgen.TrainConfig(**{**given, **SMALL["train"]})  # noqa: E731
    small_train = lambda *config, **given: jetgen.train(  # noqa: E731
        *config, **given, **({} if config else SMALL["train"])
    )
    monkeypatch.setattr(sweep_command, "read_sweep", small_sweep)
    monkeypatch.setattr(running, "_here", here)
    small_names = {**public, "TrainConfig": small_config, "train": small_train}
    namespace = {"small_jetgen": SimpleNamespace(**small_names)}
    for block in blocks(page):
        if not block.run or block.language not in ("sh", "python"):
            continue
        if block.language == "python":
            text = re.sub(r"jetgen\.(TrainConfig|train)\(", r"small_jetgen.\1(", block.text)
            exec(compile("\n" * block.line + text, str(page), "exec"), namespace)
            continue
        for words in commands(block.text):
            words = [os.path.expandvars(word) for word in words]
            where = f"{name(page)}:{block.line}: {' '.join(words)}"
            assert run(words, block, where) == 0, f"{where}\n{capfd.readouterr().err}"


def small_sweep(name: str) -> Sweep:
    """A sweep whose trainings are small, with as many jets as its figure needs."""
    plan = read_sweep(name)
    return replace(plan, base={**plan.base, **SMALL["train"], "jets": 800})


@contextmanager
def here(workers: int) -> Iterator[running._Pool]:
    """The steps of a study one after the other in this process, which imports torch once."""

    def start(step: Step, log: Path) -> Future[None]:
        assert main(list(step.words)) == 0, " ".join(step.words)
        done: Future[None] = Future()
        done.set_result(None)
        return done

    yield running._Pool(start, lambda: 1)


def run(words: list[str], block: Block, where: str) -> int:
    """Run a command of a page at a small scale, or check it; the exit status."""
    match words:
        case ["jetgen", "study", study, "--quick"] if study in SETTINGS and f"/{study}/" in where:
            return main(with_settings(words[1:]))
        case ["jetgen", "study", *rest]:
            return parse_steps(rest)
        case ["jetgen", *_] if "--devices" in words:
            return in_processes(["-m", *words[:1], *small(words[1:], block)])
        case ["jetgen", *rest]:
            return main(small(rest, block))
        case ["torchrun", "--nproc-per-node", _, "-m", "--", "jetgen", *rest]:
            check(["jetgen", *rest], where)  # tests/training/test_processes.py runs torchrun
        case ["python", script, *rest] if script in SCRIPTS:
            return run_script(ROOT / script, [*rest, *SCRIPTS[script]], block)
        case ["cp" | "mkdir", *_]:
            subprocess.run(words, check=True)
        case _:
            check(words, where)
    return 0


def in_processes(words: list[str]) -> int:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    print(done.stderr, file=sys.stderr)
    return done.returncode


def parse_steps(words: list[str]) -> int:
    """Parse the options of the steps of a study, once for steps with the same options and files."""
    config = parse("study", "", StudyConfig, words)
    plan = define(find(config.study), Path("study"), quick=config.quick, changed=config.changed())
    alike = {
        tuple(w for w in step.words if w.startswith("--") or w.endswith(".yaml")): step
        for step in plan.steps
    }
    for step in alike.values():
        parse(step.words[0], "", resolve(COMMANDS[step.words[0]].options), list(step.words[1:]))
    return 0


def run_script(path: Path, words: list[str], block: Block) -> int:
    """Run a script whose commands of jetgen are run at a small scale."""
    script = runpy.run_path(str(path))
    started = script["main"].__globals__
    started["jetgen"] = lambda *given, check=True: main(small(list(given), block)) == 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", [str(path), *words])
        started["main"]()
    return 0


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_stand_in_blocks_that_are_checked(page):
    for block in blocks(page):
        where = f"{name(page)}:{block.line}"
        if block.language not in ("sh", "python"):
            assert not re.search(r"^\$? *(jetgen|make|pip) ", block.text, re.M), where
        elif block.language == "sh" and not block.run:
            for words in commands(block.text):
                check(words, f"{where}: {' '.join(words)}")


def check(words, where):
    """A command that is not run: its options, extras and targets exist."""
    match words:
        case ["jetgen", command, *rest]:
            assert command in COMMANDS, where
            parse(command, "", resolve(COMMANDS[command].options), rest)
        case ["make", *targets]:
            makefile = (ROOT / "Makefile").read_text()
            for target in (word for word in targets if "=" not in word):
                assert re.search(rf"^{re.escape(target)}:", makefile, re.M), where
        case ["pip" | "uv", *rest]:
            for extras in re.findall(r"\[([\w,]+)\]", " ".join(rest)):
                assert set(extras.split(",")) <= set(EXTRAS), where
        case ["python", script, *_]:
            assert (ROOT / script).is_file(), where
        case _:
            assert words[0] in ("git", "source", "cd", "ssh", "torchrun", "dask"), where
