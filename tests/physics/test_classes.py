from __future__ import annotations

import pytest

from jetgen.errors import InputError
from jetgen.physics.classes import JET_CLASSES, class_index, class_name


def test_names_letters_and_indices_agree() -> None:
    for index, name in enumerate(JET_CLASSES):
        assert class_index(name) == class_index(name[0]) == class_index(name.upper()) == index
        assert class_name(index) == name
    assert class_name(-1) == class_name(5) == "unknown"
    with pytest.raises(InputError, match="expected one of gluon, quark, top, w, z"):
        class_index("b")
