"""Arrays come back exactly, whatever their type, and damage is found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetgen.compression.packing import pack, unpack
from jetgen.errors import InputError

INTEGERS = st.lists(st.integers(-(2**62), 2**62), max_size=20)


@settings(max_examples=30, deadline=None)
@given(INTEGERS, st.lists(st.floats(width=32), max_size=20))
def test_arrays_come_back_exactly(integers, floats):
    arrays = {
        "integers": np.array(integers, np.int64),
        "floats": np.array(floats, np.float32),
        "rows": np.arange(6, dtype=np.int8).reshape(2, 3) - 3,
        "column": np.arange(6, dtype=np.float32).reshape(2, 3)[:, 1],
    }
    back = unpack(pack(arrays))
    assert list(back) == list(arrays)
    for name, values in arrays.items():
        assert back[name].shape == values.shape
        np.testing.assert_array_equal(back[name], values)


def test_small_integers_take_one_byte_each_before_the_entropy_coder():
    noise = np.random.default_rng(1).integers(-100, 100, 100_000)
    assert len(pack({"noise": noise})) < 1.01 * len(noise)
    assert len(pack({"noise": np.zeros_like(noise)})) < 200


def test_arrays_of_unlike_values_do_not_spoil_each_other():
    generator = np.random.default_rng(1)
    few, many = generator.integers(0, 4, 50_000), generator.integers(0, 250, 50_000)
    alone = len(pack({"few": few})) + len(pack({"many": many}))
    assert len(pack({"few": few, "many": many})) < 1.001 * alone


def test_damage_is_found():
    frame = bytearray(pack({"x": np.arange(1000)}))
    frame[-1] ^= 1
    with pytest.raises(InputError, match="damaged"):
        unpack(bytes(frame))
