"""The exact median of numbers that come in pieces and do not fit into memory."""

from __future__ import annotations

import torch
from torch import Tensor

_BITS = 16
_PASSES = 64 // _BITS
_MOST = 1 << 16
"""Numbers of a first pass that are kept, since their median is quicker than four passes."""


class StreamedMedian:
    """The lower median, as :func:`torch.median`, in at most four passes over the same numbers.

    The bits of a float64, as an integer that rises with the number, are found from the highest to
    the lowest: each pass counts the numbers that agree in all bits so far by their next 16 bits.
    Few numbers are kept instead, and need one pass.

    >>> median = StreamedMedian()
    >>> for piece in ([3.0, 1.0], [2.0, 5.0]):
    ...     median.add(torch.tensor(piece))
    >>> median.finish()
    True
    >>> median.value
    2.0
    """

    value = 0.0
    """The median after :meth:`finish`; zero of no numbers."""

    def __init__(self) -> None:
        self._pass = self._prefix = self._below = self._number = 0
        self._counts = torch.zeros(1 << _BITS, dtype=torch.int64)
        self._kept: list[Tensor] = []

    def add(self, values: Tensor) -> None:
        """Take numbers ``(M,)``, which are not NaN, into account."""
        keys = _keys(values)
        if self._pass:
            keys = keys[(keys >> (64 - _BITS * self._pass)) == self._prefix]
        else:
            self._number += len(keys)
            if self._number <= _MOST:
                self._kept.append(values.detach().cpu())
            else:
                self._kept.clear()
        bins = keys >> (64 - _BITS * (self._pass + 1))
        self._counts += torch.bincount(bins & (2**_BITS - 1), minlength=1 << _BITS).cpu()

    def finish(self) -> bool:
        """Whether the median is found; else all numbers have to be added once more."""
        if self._kept:
            self.value = float(torch.cat(self._kept).median())
            return True
        order = torch.arange(1 << _BITS)
        if not self._number:
            return True
        if not self._pass:  # the first of all bits is the sign
            order = torch.cat([order[1 << (_BITS - 1) :], order[: 1 << (_BITS - 1)]])
        ends = self._counts[order].cumsum(0)
        place = int(torch.searchsorted(ends, (self._number - 1) // 2 - self._below, right=True))
        self._below += int(ends[place] - self._counts[order[place]])
        bin_ = int(order[place])
        if not self._pass and bin_ >= 1 << (_BITS - 1):
            bin_ -= 1 << _BITS
        self._prefix = (self._prefix << _BITS) + bin_
        self._pass += 1
        self._counts.zero_()
        if self._pass < _PASSES:
            return False
        key = torch.tensor(self._prefix)
        self.value = float(_signed(key).view(torch.float64))
        return True


def _keys(values: Tensor) -> Tensor:
    """Integers in the order of the numbers; zeros of both signs are equal."""
    return _signed((values.double() + 0.0).view(torch.int64))


def _signed(bits: Tensor) -> Tensor:
    """Reverse the order of negative numbers: its own inverse."""
    return bits ^ ((bits >> 63) & 0x7FFF_FFFF_FFFF_FFFF)
