"""The ``jetgen`` command: picks the sub-command, and turns bad input into one line."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from jetgen.errors import InputError, TrainingError

COMMANDS = {
    "simulate": "make jets with Pythia 8 and FastJet",
    "cluster": "make di-jet events of published collisions with FastJet",
    "fetch": "download a public jet data set",
    "inspect": "say what a file holds, and what is odd about it",
    "train": "train a generator on jets",
    "generate": "write jets from a trained generator to HDF5",
    "evaluate": "measure how far generated jets are from real ones",
    "report": "compare generated and real jets in one HTML page",
    "latent": "look at what the codes of an autoencoder know about jets",
    "compare": "put trained runs into one table, on the same held-out jets",
    "leaderboard": "put every finished run below a folder into one table",
    "compress": "store jets as codes of a trained autoencoder",
    "decompress": "jets from such a file",
    "sweep": "search for good training options with Optuna",
    "study": "repeat a study of the literature, from simulation to conclusion",
    "cite": "print what to cite for a run, as BibTeX",
    "doctor": "say what this machine offers, and which kernels run",
}
"""Each has a module ``jetgen.cli.NAME`` with its option dataclass ``Config`` and ``run``."""

EXPLAINED = (InputError, TrainingError, OSError)
"""Errors whose message is for the user; any other is a bug of jetgen."""


def usage() -> str:
    lines = "\n".join(f"  {name:<12} {summary}" for name, summary in COMMANDS.items())
    return (
        "usage: jetgen COMMAND [options]\n\n"
        "Learn to generate particle jets as unordered, sparse sets of particles.\n\n"
        f"commands:\n{lines}\n\n"
        "  jetgen COMMAND --help   the options of a command\n"
        "  jetgen --version        the version\n"
        "  --debug                 with any command: show the traceback of an error"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code (0 good, 2 bad input, 1 a bug, 130 Ctrl-C)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show
            return _dispatch(words)
    except EXPLAINED as error:
        if debug:
            raise
        print(f"jetgen: error: {_one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if debug:
            raise
        print("jetgen: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if debug:
            raise
        print(
            f"jetgen: internal error ({type(error).__name__}): {_one_line(error)}; "
            "run again with --debug for the traceback",
            file=sys.stderr,
        )
        return 1


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(usage())
        return 0 if words else 2
    if words[0] == "--version":
        from jetgen import __version__

        print(f"jetgen {__version__}")
        return 0
    name, *rest = words
    if name not in COMMANDS:
        raise InputError(
            f"unknown command {name!r}: expected one of {', '.join(COMMANDS)}; see `jetgen --help`"
        )
    from jetgen.cli.parser import parse

    module = importlib.import_module(f"jetgen.cli.{name}")
    try:
        config = parse(name, COMMANDS[name], module.Config, rest)
    except SystemExit as done:  # --help has been printed
        return int(done.code or 0)
    module.run(config)
    return 0


def _show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """A warning as one line."""
    print(f"jetgen: warning: {_one_line(message)}", file=sys.stderr)


def _one_line(message: BaseException | str) -> str:
    return " ".join(str(message).split()) or type(message).__name__
