from __future__ import annotations

import pytest

from jetgen.errors import InputError
from jetgen.physics.classes import CLASSES, JET_CLASSES, class_index, class_name


def test_names_letters_and_indices_agree() -> None:
    for index, name in enumerate(CLASSES):
        assert class_index(name) == class_index(name.upper()) == index
        assert class_name(index) == name
    assert [class_index(name[0]) for name in JET_CLASSES] == [0, 1, 2, 3, 4]
    assert class_name(-1) == class_name(len(CLASSES)) == "unknown"
    with pytest.raises(InputError, match="expected one of gluon, quark, top, w, z"):
        class_index("b")
