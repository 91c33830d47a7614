"""Clustering of particles with FastJet, all jets in one call, here or in processes beside this one.

FastJet's Python layer holds the interpreter lock, so that threads cluster one after the other.
Within :func:`beside` each call is done by one of several processes instead.

Source:
    FastJet user manual (Cacciari, Salam, Soyez, 2011), arXiv:1111.6097.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetgen.files.silence import silent

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[Any]

_ONE_AT_A_TIME = threading.Lock()
"""Standard output and the filters of warnings are those of the whole process."""

LARGEST_RADIUS = 1000.0
"""A radius that merges all particles: the largest that FastJet allows."""


class Packed(NamedTuple):
    """Four-momenta of the particles of B sets, those of one after those of another.

    Args:
        momenta: ``(4, M)`` px, py, pz, E.
        offsets: ``(B + 1,)`` the first index of each set, followed by ``M``.
    """

    momenta: NDArray[np.float64]
    offsets: NDArray[np.int64]


def packed(momenta: NDArray[np.float64], offsets: NDArray[np.int64]) -> Any:
    """The ragged array of :class:`Packed` momenta in the form that FastJet expects."""
    import awkward as ak

    record = ak.contents.RecordArray(
        [ak.contents.NumpyArray(row) for row in momenta],
        ["px", "py", "pz", "E"],
        parameters={"__record__": "Momentum4D"},
    )
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), record))


def packed_momenta(p4: Tensor, present: Tensor) -> Packed:
    """Four-momenta ``(B, N, 4)`` with the mask ``present`` ``(B, N)``."""
    rows = p4[present].detach().cpu().double().numpy()
    offsets = np.concatenate([[0], present.sum(1).cumsum(0).cpu().numpy()]).astype(np.int64)
    return Packed(np.ascontiguousarray(rows.T), offsets)


def cluster_sequence(particles: Any, definition: Any) -> Any:
    """FastJet's clustering of :func:`packed` particles; its banner is not printed."""
    import fastjet

    with _ONE_AT_A_TIME, silent():
        return fastjet.ClusterSequence(particles, definition)


def cambridge_history(particles: Packed) -> tuple[Array, Array]:
    """All nodes ``(K, 4)`` of the Cambridge-Aachen clusterings, and in which order they merged.

    The latter are FastJet's ``unique_history_order`` of the sets, one after the other.
    """
    return _answer("cambridge", particles)


def winner_axes(particles: Packed, orders: Sequence[int]) -> list[Array]:
    """``(A, 2)`` eta and phi of the axes of all sets, for each number of axes in ``orders``.

    They are those of exclusive kT subjets with winner-take-all recombination; a set has fewer axes
    if it has fewer particles.
    """
    return _answer("winners", particles, tuple(orders))


def _cambridge(particles: Packed) -> tuple[Array, Array]:
    import awkward as ak
    import fastjet

    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, LARGEST_RADIUS)
    sequence = cluster_sequence(packed(*particles), definition)
    nodes = ak.flatten(sequence.jets())
    momenta = np.stack([nodes[name].to_numpy() for name in ("px", "py", "pz", "E")], axis=1)
    return momenta, ak.flatten(sequence.unique_history_order()).to_numpy()


def _winners(particles: Packed, orders: Sequence[int]) -> list[Array]:
    import awkward as ak
    import fastjet

    definition = fastjet.JetDefinition(fastjet.kt_algorithm, LARGEST_RADIUS, fastjet.WTA_pt_scheme)
    sequence = cluster_sequence(packed(*particles), definition)
    found = []
    for order in orders:
        subjets = _exclusive_subjets(sequence, order)
        px, py, pz = (ak.flatten(subjets[name]).to_numpy() for name in ("px", "py", "pz"))
        found.append(np.stack([np.arcsinh(pz / np.hypot(px, py)), np.arctan2(py, px)], axis=1))
    return found


def _exclusive_subjets(sequence: Any, most: int) -> Any:
    """The at most ``most`` exclusive subjets of each set; fewer if it has fewer particles.

    FastJet's Python layer always warns here and changes the format of all later warnings; both
    effects are suppressed.
    """
    with _ONE_AT_A_TIME:
        shown = warnings.formatwarning
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="dcut and exclusive jets")
            found = sequence.exclusive_jets_up_to(most)
        warnings.formatwarning = shown
    return found


_QUESTIONS: dict[str, Callable[..., Any]] = {"cambridge": _cambridge, "winners": _winners}

_idle: SimpleQueue[subprocess.Popen[bytes]] | None = None
"""The processes that wait for a question, within :func:`beside`."""


@contextmanager
def beside(number: int) -> Iterator[None]:
    """``number`` processes answer the questions of this block, which threads ask."""
    global _idle
    with ExitStack() as stack:
        queue: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        for _ in range(number):
            process = subprocess.Popen(
                [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            queue.put(stack.enter_context(process))  # it ends when its input is closed
        before, _idle = _idle, queue
        try:
            yield
        finally:
            _idle = before


def _answer(name: str, *question: Any) -> Any:
    """The answer to a question, of this process or of one beside it.

    Raises:
        ChildProcessError: when that process ended.
    """
    queue = _idle
    if queue is None:
        return _QUESTIONS[name](*question)
    process = queue.get()
    try:
        assert process.stdin is not None and process.stdout is not None, "pipes"
        pickle.dump((name, question), process.stdin, protocol=5)
        process.stdin.flush()
        return pickle.load(process.stdout)
    except (EOFError, BrokenPipeError, pickle.UnpicklingError):
        raise ChildProcessError(
            f"clustering: a process that clusters jets ended with status {process.wait()}; is "
            "there enough memory?"
        ) from None
    finally:
        queue.put(process)


def _answer_questions() -> None:
    """Answer what comes through the standard input, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    source, target = os.fdopen(0, "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with suppress(EOFError, BrokenPipeError), target:  # the parent needs no more answers
        while True:
            name, question = pickle.load(source)
            pickle.dump(_QUESTIONS[name](*question), target, protocol=5)
            target.flush()


if __name__ == "__main__":
    _answer_questions()
