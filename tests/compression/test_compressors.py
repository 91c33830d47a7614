"""Every compressor keeps the errors that it states, and its cost is what its bytes are."""

import numpy as np
import pytest

from jetgen.compression.compressors import FLOAT16, GENERAL, LOSSLESS, ROUNDED, ROUNDED_BLOSC2

ERRORS = np.array([0.5, 0.001, 3.0])


def items(number: int = 5000) -> np.ndarray:
    generator = np.random.default_rng(1)
    spreads = np.array([100.0, 1.0, 10.0])
    return (generator.standard_normal((number, 3)) * spreads).astype(np.float32)


@pytest.mark.parametrize("compressor", GENERAL, ids=lambda compressor: compressor.title)
def test_items_come_back_within_the_error(compressor):
    before = items()
    after = compressor.unpack(compressor.pack(before, ERRORS), ERRORS)
    difference = np.abs(after.astype(np.float64) - before)
    if compressor is FLOAT16:
        assert (difference <= 2.0**-11 * np.abs(before) + 1e-7).all()
    else:
        assert (difference <= ERRORS * (1 + 1e-4)).all()
    assert (difference.max() == 0) == (compressor is LOSSLESS)


@pytest.mark.parametrize("compressor", [ROUNDED, ROUNDED_BLOSC2], ids=["zstd", "blosc2"])
def test_rounding_takes_little_more_than_the_entropy(compressor):
    before = items(100_000)
    steps = np.round(before / (2 * ERRORS)).astype(int)
    entropy = 0.0
    for column in steps.T:
        _, counts = np.unique(column, return_counts=True)
        shares = counts / counts.sum()
        entropy -= (shares * np.log2(shares)).sum() / 8
    size = len(compressor.pack(before, ERRORS)) / len(before)
    assert entropy < size < 1.12 * entropy
