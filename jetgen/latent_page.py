"""What is shown of a latent space: tables and figures for the page of ``jetgen latent``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.config.latent import LatentConfig
from jetgen.errors import InputError
from jetgen.evaluation.embedding import tsne
from jetgen.evaluation.latent import ACTIVE, activity, divergence, order, principal_components
from jetgen.evaluation.latent_walks import blend, interpolation, traversals
from jetgen.evaluation.observed import Observed, choose
from jetgen.evaluation.region import Region
from jetgen.evaluation.region_search import search_region
from jetgen.latent import Inspection
from jetgen.physics.observables import Measured, measure
from jetgen.reports.figures.latent_activity import latent_activity
from jetgen.reports.figures.latent_correlations import latent_correlations
from jetgen.reports.figures.latent_information import latent_information
from jetgen.reports.figures.latent_map import latent_map
from jetgen.reports.figures.latent_pairs import latent_pairs
from jetgen.reports.figures.latent_plane import latent_plane
from jetgen.reports.figures.latent_region import latent_region
from jetgen.reports.figures.latent_walk import latent_walk
from jetgen.reports.style import figure_style
from jetgen.reports.words import with_uncertainty
from jetgen.studies.conclusion import Conclusion, Drawing, Table

LAID_OUT = 2000
"""Jets at most in a t-SNE layout, whose time grows faster than their number."""

_COLOURS = ("mass", "multiplicity", "pt", "type")
_TOLD = 3


def conclude(found: Inspection, config: LatentConfig) -> Conclusion:
    """Measure and draw what the options ask for.

    Raises:
        InputError: when the jets lack an observable, or a region cannot be read or holds too few.
    """
    known = tuple(name for name in _COLOURS if name in found.observed)
    colours = choose(found.observed, config.colour or known, "colour")
    ends = _ends(found, config.between)
    searched = None if config.region is None else _search(found, config.region, config.seed)
    information = found.information(config.seed)
    answer = [_activity_in_words(found), *_information_in_words(found, information)]
    tables = [_columns(found, information), *_matrices(found, information)]
    if searched is not None:
        answer.append(searched.answer)
        tables.insert(0, searched.table)
    with figure_style():
        drawings = list(_drawings(found, config, colours, ends, information, searched))
    return Conclusion(" ".join(answer), tables=tables, drawings=drawings)


class _Searched(NamedTuple):
    text: str
    inside: Tensor
    columns: list[int]
    answer: str
    table: Table


def _search(found: Inspection, text: str, seed: int) -> _Searched:
    inside = found.inside(Region(text))
    search = search_region(found.latent.mean, inside, seed)
    aucs = [with_uncertainty(side.auc, side.auc_error) for side in search]
    telling = [(int(name.removeprefix("z")) - 1, loss) for name, loss in search.trees.telling]
    return _Searched(
        text,
        inside,
        [column for column, _ in telling],
        f"The region {text} holds {int(inside.sum())} of {len(inside)} jets; from their codes "
        f"boosted trees tell them from the others with an AUC of {aucs[1]}, a linear classifier "
        f"with {aucs[0]}.",
        Table(
            "region",
            "Region",
            ("column", "AUC lost when shuffled"),
            [(f"z{column + 1}", f"{loss:.4f}") for column, loss in telling],
            f"How much the trees need each column to find {text}.",
        ),
    )


def _activity_in_words(found: Inspection) -> str:
    active = int((activity(found.latent) > ACTIVE).sum())
    words = f"{active} of {found.latent.mean.shape[1]} columns are active"
    if found.latent.stochastic:
        words += f"; they carry {divergence(found.latent).sum():.1f} nats a jet beyond the prior"
    return words + "."


def _information_in_words(found: Inspection, information: Tensor) -> Iterator[str]:
    for index, (name, observed) in enumerate(found.observed.items()):
        if name in _COLOURS:
            most, column = information[:, index].max(0)
            yield (
                f"The column that says most about the {observed.observable.title} is "
                f"z{int(column) + 1} ({most:.2f} nats)."
            )


def _columns(found: Inspection, information: Tensor) -> Table:
    variances, nats = activity(found.latent), divergence(found.latent)
    names = list(found.observed)
    rows = []
    for column in order(found.latent).tolist():
        most = information[column].topk(min(_TOLD, len(names)))
        told = zip(most.indices.tolist(), most.values.tolist(), strict=True)
        rows.append(
            (
                f"z{column + 1}",
                f"{variances[column]:.4f}",
                f"{nats[column]:.3f}" if found.latent.stochastic else "–",
                ", ".join(f"{names[k]} {value:.2f}" for k, value in told),
            )
        )
    return Table(
        "columns",
        "Columns of the code",
        ("column", "variance of the mean", "KL [nats]", "says most about [nats]"),
        rows,
        f"Most active first; a column counts as active above a variance of {ACTIVE}.",
    )


def _matrices(found: Inspection, information: Tensor) -> Iterator[Table]:
    for name, title, values in (
        ("information", "Mutual information [nats]", information),
        ("correlations", "Rank correlations", found.correlation()),
    ):
        rows = [
            (f"z{column + 1}", *(f"{value:.3f}" for value in values[column].tolist()))
            for column in order(found.latent).tolist()
        ]
        yield Table(name, title, ("column", *found.observed), rows)


def _drawings(
    found: Inspection,
    config: LatentConfig,
    colours: Sequence[Observed],
    ends: list[int],
    information: Tensor,
    searched: _Searched | None,
) -> Iterator[Drawing]:
    latent, columns = found.latent, order(found.latent)
    few = slice(LAID_OUT)
    components = principal_components(latent[few])[0]
    laid_out = tsne(latent.mean[few], config.seed)
    if searched is not None:
        shown = searched.columns[:_TOLD]
        yield Drawing(
            "region",
            f"Where {searched.text} lives",
            "Jets of the region among all others in two layouts of the codes, and the columns "
            "that the trees need most.",
            latent_region(
                {"Principal component": components, "t-SNE": laid_out},
                {f"$z_{{{column + 1}}}$": latent.mean[few, column] for column in shown},
                searched.inside[few],
                searched.text,
            ),
        )
    yield Drawing(
        "activity",
        "Activity",
        "Variance over jets of each column's mean (above the dashed line a column counts as "
        "active), and where codes have widths the mean Kullback-Leibler divergence to the standard "
        "normal distribution.",
        latent_activity(latent),
    )
    yield Drawing(
        "information",
        "Mutual information",
        "Nats that each column alone says about each observable, most active column first; it "
        "sees relations of any shape.",
        latent_information(information, columns, [o.observable for o in found.observed.values()]),
    )
    yield Drawing(
        "correlations",
        "Rank correlations",
        "Spearman's correlation of each column with each observable.",
        latent_correlations(latent, list(found.observed.values())),
    )
    yield Drawing("pca", "Principal components", "One point a jet.", latent_map(latent, colours))
    yield Drawing(
        "tsne",
        "t-SNE",
        "A layout in which neighbours among the codes stay neighbours; distances between groups "
        "mean little.",
        latent_plane(laid_out, ("t-SNE 1", "t-SNE 2"), [colour[few] for colour in colours]),
    )
    for colour in colours:
        title = colour.observable.title
        yield Drawing(
            f"pairs_{colour.observable.name}",
            f"Pairs of columns by {title}",
            f"The most active columns against each other, coloured by {title}.",
            latent_pairs(latent, columns[: config.columns].tolist(), colour),
        )
    yield from _walks(found, config.steps, columns[: config.columns], ends)


def _walks(found: Inspection, steps: int, columns: Tensor, ends: list[int]) -> Iterator[Drawing]:
    means = found.latent.mean
    start = int((means - means.mean(0)).norm(dim=1).argmin())
    codes = traversals(means, means[start], columns, steps)  # (C, steps, L)
    like = found.jets[[start] * steps]
    rows = {
        f"$z_{{{column + 1}}}$": _singly(found.model.decode(walk, like))
        for column, walk in zip(columns.tolist(), codes, strict=True)
    }
    yield Drawing(
        "traversals",
        "Traversals",
        "The jet whose code lies nearest to the mean, decoded with one column at a time moved "
        "from its 2 % to its 98 % quantile.",
        latent_walk(rows),
    )
    pair = found.jets[ends]
    first, last = found.model.codes(pair).mean
    way = found.model.decode(interpolation(first, last, steps), blend(pair, steps))
    real = _singly(pair)
    yield Drawing(
        "interpolation",
        "From one jet to another",
        "Jets decoded along the straight line between the codes of two jets (the real ones above "
        "its ends), with the particle numbers and conditions between theirs.",
        latent_walk({"real": [real[0], *[None] * (steps - 2), real[1]], "decoded": _singly(way)}),
    )


def _ends(found: Inspection, between: Sequence[str]) -> list[int]:
    """The jets asked for, or those at the 5 % and 95 % quantiles of the mass."""
    if between:
        jets = [int(text) for text in between]
        if max(jets) >= len(found.jets):
            raise InputError(
                f"--between: expected numbers below {len(found.jets)}, the jets looked at, "
                f"received {','.join(between)}"
            )
        return jets
    masses = found.observed["mass" if "mass" in found.observed else "relative_mass"].values
    ordered = masses.argsort()
    return [int(ordered[int(share * (len(ordered) - 1))]) for share in (0.05, 0.95)]


def _singly(jets: ParticleCloud) -> list[Measured | None]:
    measured = measure(jets)
    return [measured[k : k + 1] for k in range(len(jets))]
