"""Options of ``jetgen latent``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option, require, seed_option, validate
from jetgen.config.reading import (
    allow_option,
    drop_missing_option,
    first_option,
    map_option,
    require_data,
    select_option,
)


@dataclass(frozen=True)
class LatentConfig:
    """Whose codes to look at, and which jets to look for among them."""

    run: str = option(help="folder of a trained autoencoder", positional=True)
    data: list[str] = option(
        [],
        help="files with jets to encode; those that the run was trained on, wherever they are now, "
        "stand for its held-out jets (default)",
    )
    map: dict[str, str] = map_option()
    allow: tuple[str, ...] = allow_option()
    select: str | None = select_option()
    drop_missing: bool = drop_missing_option()
    first: bool = first_option()
    output: str | None = option(None, help="folder to write report.html to (default: RUN/latent)")
    jets: int = option(5000, help="at most this many jets, chosen at random")
    colour: tuple[str, ...] = option(
        (),
        help="observables that colour the points, comma-separated (default: those of mass, n, pt, "
        "type that the jets have; for a table the first columns, conditions and the target)",
    )
    region: str | None = option(
        None,
        help="condition on observables, such as 'mass > 150 and n > 60': where the codes of these "
        "jets lie, and how well classifiers find them",
    )
    save_classifier: str | None = option(
        None,
        help="file to write a classifier of the `region` in the codes to: logistic regression on "
        "codes, their squares and products",
    )
    tail: str | None = option(
        None,
        help="column that is predicted from the codes by two regressors, inside and outside the "
        "`region`, switched by the classifier and saved with it",
    )
    classifier: str | None = option(
        None,
        help="file of `save_classifier` to apply to these jets: predictions.csv has the "
        "probability of each to be in its region, and the value of its tail",
    )
    columns: int = option(
        6,
        help="number of latent dimensions in pairs and traversals, those with most information on "
        "`colour` or, without it, the most active ones",
    )
    steps: int = option(7, help="jets along a traversal or an interpolation")
    between: tuple[str, ...] = option(
        (),
        help="two jets to interpolate between, by their numbers among the encoded ones, "
        "comma-separated (default: a light and a heavy one, or by the first column of a table)",
    )
    seed: int = seed_option(1, help="seed of the choice of jets, of t-SNE and of the classifiers")

    def __post_init__(self) -> None:
        validate(self)
        require_data(self, "select", "drop_missing")
        for name in ("jets", "columns"):
            require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        for name in ("save_classifier", "tail"):
            given = getattr(self, name)
            require(self.region is not None or given is None, name, "none without `region`", given)
        require(self.steps >= 2, "steps", "at least 2", self.steps)
        numbers = all(text.isdigit() for text in self.between)
        require(
            len(self.between) in (0, 2) and numbers,
            "between",
            "two numbers of jets, from 0 on, such as 3,17",
            ",".join(self.between),
        )
