"""Numbered columns, ``px_0, px_1, ...``, as one column with a list for each jet."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from jetgen.datasets.formats.names import Column, collections, split_name

FEWEST_NUMBERED = 5
"""Smallest number of columns ``px_0, px_1, ...`` that are combined to particles of a jet."""

NUMBERED = re.compile(r"(?P<before>\D*|.*\D)(?P<number>\d+)(?P<after>\D*)")
"""Names with a number that may be that of a particle: ``px_0``, ``p0_px``, ``part.0.px``."""


def numbered(columns: Sequence[Column]) -> list[Column]:
    """The columns, with numbered columns combined to lists: ``px_0, px_1, ...`` to ``px``.

    The number is at the end or before the quantity (``p0_px``, ``part.0.px`` and ``p0px`` become
    ``p_px`` and ``part_px``). Columns are combined if they contain the momenta of at least five
    particles.
    """
    own = {column.name for column in columns}
    series: dict[str, dict[int, str]] = defaultdict(dict)
    for column in columns:
        found = NUMBERED.fullmatch(column.name)
        if found and not column.items:
            parts = found["before"].rstrip("_."), found["after"].lstrip("_.")
            stem = "_".join(filter(None, parts))
            if stem not in own and split_name(stem)[1] is not None:
                series[stem][int(found["number"])] = column.name
    lists = []
    for stem, by_number in series.items():
        first = min(by_number)
        whole = sorted(by_number) == list(range(first, first + len(by_number))) and first < 2
        if whole and len(by_number) >= FEWEST_NUMBERED:
            members = tuple(by_number[k] for k in sorted(by_number))
            unit = next(c.unit for c in columns if c.name == members[0])
            lists.append(Column(stem, True, unit, len(members), members))
    if not collections(lists):
        return list(columns)
    merged = {name for column in lists for name in column.members}
    return [*lists, *(column for column in columns if column.name not in merged)]
