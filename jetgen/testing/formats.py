"""The laws of file formats, and whether one keeps them."""

from __future__ import annotations

import pickle
import shutil
import tempfile
from pathlib import Path

import torch

from jetgen.cloud import ParticleCloud
from jetgen.components import FORMATS
from jetgen.datasets.formats.source import Format, Source
from jetgen.testing.holding import hold


def is_told_by_its_content(form: Format, file: Path) -> None:
    """A file without its name's ending is of the format, and of no other one tried before it.

    Containers of any columns (``general``) are tried last, in the order of the registry.
    """
    with tempfile.TemporaryDirectory() as folder:
        anonymous = Path(shutil.copy(file, Path(folder) / "file"))
        assert form.matches(anonymous)
        others = sorted(map(FORMATS.__getitem__, FORMATS.builtin), key=lambda other: other.general)
        names = [other.name for other in others]
        last = names.index(form.name) if form.general and form.name in names else len(names)
        before = [o for o in others[:last] if o.name != form.name and o.general <= form.general]
        taken = [other.name for other in before if other.matches(anonymous)]
        assert taken == [], f"also of the format {', '.join(taken)}"
        foreign = Path(folder) / "foreign"
        foreign.write_bytes(b"\x00\x01 nothing that is known")
        assert not form.matches(foreign)


def reads_the_same_in_parts(form: Format, file: Path) -> None:
    """Jet by jet as all at once."""
    source = form.open(file, None)
    whole = source.read(0, len(source))
    assert len(whole) == len(source) > 0
    assert whole.mask.shape[1] <= source.slots
    for k in range(min(len(source), 5)):
        part = source.read(k, k + 1)
        assert part.features == whole.features
        assert _same_sets(part, whole[k : k + 1])


def keeps_padding_at_zero(form: Format, file: Path) -> None:
    source = form.open(file, None)
    cloud = source.read(0, len(source))
    assert not cloud.particles[~cloud.mask].any()


def has_one_type_for_each_jet(form: Format, file: Path) -> None:
    source = form.open(file, None)
    assert source.types().shape == (len(source),)


def survives_pickling(form: Format, file: Path) -> None:
    """A source reads in a data-loading worker what it reads here, opened or not."""
    source = form.open(file, None)
    expected = source.read(0, 1)
    copy: Source = pickle.loads(pickle.dumps(source))
    assert _same_sets(copy.read(0, 1), expected)


def check_format(form: Format, file: str | Path) -> None:
    """Check that a format recognises one of its files and reads it.

    Args:
        form: the format.
        file: a file in it.

    Raises:
        AssertionError: when it breaks a law, with the law's name.
    """
    for law in (
        is_told_by_its_content,
        reads_the_same_in_parts,
        keeps_padding_at_zero,
        has_one_type_for_each_jet,
        survives_pickling,
    ):
        hold(law, form, Path(file))


def _same_sets(one: ParticleCloud, other: ParticleCloud) -> bool:
    same = torch.equal(one.particles[one.mask], other.particles[other.mask])
    return same and torch.equal(one.multiplicity, other.multiplicity)
