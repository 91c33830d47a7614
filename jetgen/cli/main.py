"""The ``jetgen`` command: picks the sub-command, and turns bad input into one line."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

from jetgen.cli.commands import COMMANDS, Command
from jetgen.errors import InputError, TrainingError, did_you_mean, some
from jetgen.registry import resolve

_WAITING = {"OMP_WAIT_POLICY": "passive", "OPENBLAS_THREAD_TIMEOUT": "4"}
"""Threads without work sleep at once; otherwise they keep a core busy for up to 0.1 s first."""

EXPLAINED = (InputError, TrainingError, OSError)
"""Errors whose message is for the user; any other is a bug of jetgen."""


def usage() -> str:
    lines = "\n".join(f"  {name:<12} {command.summary}" for name, command in COMMANDS.items())
    return (
        "usage: jetgen COMMAND [options]\n\n"
        "Learn to generate particle jets as unordered, sparse sets of particles.\n\n"
        f"commands:\n{lines}\n\n"
        "first jets, of a model that comes with jetgen:\n"
        f"  {COMMANDS['generate'].example}\n\n"
        "  jetgen COMMAND --help   the options of a command\n"
        "  jetgen --version        the version\n"
        "  --debug                 with any command: show the traceback of an error"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code.

    0 is good, 2 bad input or a training that failed or is unfinished, 1 a bug, 130 Ctrl-C
    or SIGTERM, 141 when the program that reads the output ended before, as ``head`` does.
    """
    for setting, value in _WAITING.items():
        os.environ.setdefault(setting, value)  # read once, when torch and numpy are imported
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    command = COMMANDS.get(words[0]) if words else None
    try:
        with _terminated_like_interrupted(), warnings.catch_warnings():
            warnings.showwarning = partial(_show, command, set())
            status = _dispatch(words)
        sys.stdout.flush()
        return status
    except EXPLAINED as error:
        if debug:
            raise
        if isinstance(error, BrokenPipeError) and _reader_left():
            return 128 + signal.SIGPIPE
        _say(_red(f"jetgen: error: {_translated(error, command)}"))
        return 2
    except KeyboardInterrupt:
        if debug:
            raise
        _say("jetgen: interrupted")
        return 130
    except Exception as error:
        if debug:
            raise
        if _lacks_memory(error):
            print(
                _red(
                    "jetgen: error: not enough memory; choose smaller networks, a smaller batch "
                    f"or fewer jets ({_one_line(error)})"
                ),
                file=sys.stderr,
            )
            return 2
        print(
            f"jetgen: internal error ({type(error).__name__}): {_one_line(error)}; "
            "run again with --debug for the traceback",
            file=sys.stderr,
        )
        return 1


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Within the block, SIGTERM (from batch systems and containers) has the effect of Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        chosen = signal.getsignal(signal.SIGINT)
        if callable(chosen):
            chosen(signal.SIGINT, frame)
        else:  # ignored, for example in the background of a shell
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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
            f"unknown command {name!r}: expected one of {some(COMMANDS)}"
            f"{did_you_mean(name, COMMANDS)}; see `jetgen --help`"
        )
    from jetgen.cli.help import example
    from jetgen.cli.parser import parse

    command = COMMANDS[name]
    try:
        config = parse(
            name,
            command.summary
            if name != "train"
            else f"{command.summary}\n\n{example(command.example)}",
            resolve(command.options),
            rest,
            epilog=example(command.example),
        )
    except SystemExit as done:  # --help has been printed
        return int(done.code or 0)
    command.run(config)
    return 0


def _reader_left() -> bool:
    """Whether nobody reads the standard output any more; then nothing more is written there."""
    output = sys.stdout.fileno()
    poll = select.poll()
    poll.register(output, 0)  # only for errors
    left = any(event & select.POLLERR for _, event in poll.poll(0))
    if left:
        os.dup2(os.open(os.devnull, os.O_WRONLY), output)
    return left


def _show(
    command: Command | None, shown: set[str], message: Warning | str, *where: Any, **more: Any
) -> None:
    """A warning as one line, unless it has been ``shown``: a command may read a file twice."""
    line = f"jetgen: warning: {_translated(message, command)}"
    if line not in shown:
        shown.add(line)
        _say(line)


def _say(line: str) -> None:
    """Write a line to standard error, once for all processes that train together."""
    processes = sys.modules.get("jetgen.processes")  # not imported where there is only one
    if processes is None or processes.first():
        print(line, file=sys.stderr)


def _translated(message: BaseException | str, command: Command | None) -> str:
    """One line, with the options named as on the command line."""
    from jetgen.cli.translation import to_command_line

    line = _one_line(message)
    return line if command is None else to_command_line(line, resolve(command.options))


def _red(line: str) -> str:
    """The line in red, on a terminal that shows colours."""
    shown = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    return f"\x1b[31m{line}\x1b[0m" if shown else line


def _lacks_memory(error: Exception) -> bool:
    """Whether an allocation failed, of Python or of torch on the CPU or a GPU."""
    said = "can't allocate memory" in str(error) or type(error).__name__ == "OutOfMemoryError"
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and said)


_LONGEST = 1_500
"""Letters of a message at most; what a user passed may be of any length."""


def _one_line(message: BaseException | str) -> str:
    from jetgen.files.printable import printable

    line = printable(" ".join(str(message).split()) or type(message).__name__)
    half = _LONGEST // 2
    return line if len(line) <= _LONGEST else f"{line[:half]} [...] {line[-half:]}"
