"""The tables and figures of the page of ``jetgen latent``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.classifiers.region_search import search_region
from jetgen.cloud import ParticleCloud
from jetgen.config.latent import LatentConfig
from jetgen.errors import InputError
from jetgen.latent.embedding import tsne
from jetgen.latent.encoding import EncodedSets
from jetgen.latent.predictions import fitted_region
from jetgen.latent.walks import blend, interpolation, traversals
from jetgen.metrics.latent import ACTIVE, active, activity, divergence, order, principal_components
from jetgen.physics.features import measure_features
from jetgen.physics.observable_values import ObservableValues, observables_named
from jetgen.physics.observables import MeasuredSets, measure
from jetgen.physics.region import Region
from jetgen.reports.figures.latent_activity import latent_activity
from jetgen.reports.figures.latent_correlations import latent_correlations
from jetgen.reports.figures.latent_curves import latent_curves
from jetgen.reports.figures.latent_information import latent_information
from jetgen.reports.figures.latent_map import latent_map
from jetgen.reports.figures.latent_pairs import latent_pairs
from jetgen.reports.figures.latent_plane import latent_plane
from jetgen.reports.figures.latent_region import latent_region
from jetgen.reports.figures.latent_walk import latent_walk
from jetgen.reports.findings import Conclusion, FindingFigure, Table
from jetgen.reports.formatting import with_uncertainty
from jetgen.reports.style import figure_style

LAID_OUT = 2000
"""Largest number of jets for t-SNE, whose time grows faster than their number."""

_TOLD = 3

_FIRST = "The most active dimensions", "The dimensions with most information on it"
"""Which dimensions are drawn without and with ``colour``."""


def conclude(found: EncodedSets, config: LatentConfig) -> Conclusion:
    """Measure and draw what the options request.

    Raises:
        InputError: when the jets lack an observable, or a region cannot be parsed or contains too
            few jets.
    """
    colours = observables_named(found.observed, config.colour or tuple(found.main), "colour")
    ends = far_apart(found, config.between)
    searched = None if config.region is None else _search(found, config.region, config.seed)
    saved = config.save_classifier, config.tail
    information = found.information(config.seed)
    answer = [_activity_in_words(found), *_information_in_words(found, information)]
    tables = [_columns(found, information), *_matrices(found, information)]
    if searched is not None:
        answer.append(searched.answer)
        tables.insert(0, searched.table)
        if any(saved):
            path, tail = saved
            words, further = fitted_region(
                found, searched.inside, searched.text, tail, path, config.seed
            )
            answer.append(words)
            tables[1:1] = further
    with figure_style():
        drawings = list(_drawings(found, config, colours, ends, information, searched))
    return Conclusion(" ".join(answer), tables=tables, drawings=drawings)


class _Searched(NamedTuple):
    text: str
    inside: Tensor
    columns: list[int]
    answer: str
    table: Table


def _search(found: EncodedSets, text: str, seed: int) -> _Searched:
    inside, many = found.inside(Region(text)), found.measured.kind.noun.many
    search = search_region(found.latent.mean, inside, seed)
    aucs = [with_uncertainty(side.auc, side.auc_error) for side in search]
    ranked = search.trees.importances
    importances = [(int(name.removeprefix("z")) - 1, loss) for name, loss in ranked]
    places = [
        [side[:, column].quantile(_CENTRAL).tolist() for side in _sides(found, inside)]
        for column, _ in importances
    ]
    lies = ", ".join(
        f"z{column + 1} {own[1]:+.2f} ({own[0]:+.2f} to {own[2]:+.2f}; others {others[1]:+.2f})"
        for (column, _), (own, others) in zip(importances[:_TOLD], places, strict=False)
    )
    return _Searched(
        text,
        inside,
        [column for column, _ in importances],
        f"The region {text} contains {int(inside.sum())} of {len(inside)} {many}. From the codes, "
        f"boosted trees separate them from the others with an AUC of {aucs[1]}, a linear "
        f"classifier with {aucs[0]}. Medians and central 68 % of their codes in the dimensions "
        f"that are most important for the trees: {lies}.",
        Table(
            "region",
            "Region",
            ("column", "AUC lost by permutation", "inside", "outside"),
            [
                (f"z{column + 1}", f"{loss:.4f}", *map(_in_words, place))
                for (column, loss), place in zip(importances, places, strict=True)
            ],
            f"Loss of AUC of the trees for {text} when the values of a column are permuted; "
            "medians and central 68 % of the codes inside and outside.",
        ),
    )


_CENTRAL = torch.tensor([0.16, 0.5, 0.84], dtype=torch.float64)
"""Quantiles of the codes of a region."""


def _in_words(quantiles: Sequence[float]) -> str:
    low, median, high = quantiles
    return f"{median:.3f} ({low:.3f} to {high:.3f})"


def _sides(found: EncodedSets, inside: Tensor) -> tuple[Tensor, Tensor]:
    codes = found.latent.mean.double()
    return codes[inside], codes[~inside]


def _activity_in_words(found: EncodedSets) -> str:
    count = int(active(found.latent).sum())
    words = f"{count} of {found.latent.mean.shape[1]} latent dimensions are active"
    if found.latent.stochastic:
        nats = divergence(found.latent).sum()
        words += f"; the Kullback-Leibler divergence to the prior is {nats:.1f} nats"
    return words + "."


def _information_in_words(found: EncodedSets, information: Tensor) -> Iterator[str]:
    for index, (name, observed) in enumerate(found.observed.items()):
        if name in found.main:
            most, column = information[:, index].max(0)
            yield (
                f"The latent dimension with most information on the {observed.observable.title} is "
                f"z{int(column) + 1} ({most:.2f} nats)."
            )


def _columns(found: EncodedSets, information: Tensor) -> Table:
    variances, nats = activity(found.latent), divergence(found.latent)
    names = list(found.observed)
    rows = []
    for column in order(found.latent).tolist():
        most = information[column].topk(min(_TOLD, len(names)))
        strongest = zip(most.indices.tolist(), most.values.tolist(), strict=True)
        rows.append(
            (
                f"z{column + 1}",
                f"{variances[column]:.4f}",
                f"{nats[column]:.3f}" if found.latent.stochastic else "–",
                ", ".join(f"{names[k]} {value:.2f}" for k, value in strongest),
            )
        )
    return Table(
        "columns",
        "Latent dimensions",
        ("column", "variance of the mean", "KL [nats]", "most information on [nats]"),
        rows,
        f"Column zk is latent dimension k, most active first. A dimension counts as active above a "
        f"variance of {ACTIVE} and, for codes with a width, above {ACTIVE} nats.",
    )


def _matrices(found: EncodedSets, information: Tensor) -> Iterator[Table]:
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
    found: EncodedSets,
    config: LatentConfig,
    colours: Sequence[ObservableValues],
    ends: list[int],
    information: Tensor,
    searched: _Searched | None,
) -> Iterator[FindingFigure]:
    latent, columns, noun = found.latent, order(found.latent), found.measured.kind.noun
    names = [colour.observable.name for colour in colours]
    about = information[:, [list(found.observed).index(name) for name in names]]  # (L, colours)
    few = slice(LAID_OUT)
    components = principal_components(latent[few])[0]
    laid_out = tsne(latent.mean[few], config.seed)
    if searched is not None:
        leading = searched.columns[:_TOLD]
        yield FindingFigure(
            "region",
            f"Codes of {searched.text}",
            f"{noun.many.capitalize()} of the region and all others in two projections of the "
            "codes, and the latent dimensions that are most important for the trees.",
            latent_region(
                {"Principal component": components, "t-SNE": laid_out},
                {f"$z_{{{column + 1}}}$": latent.mean[few, column] for column in leading},
                searched.inside[few],
                searched.text,
            ),
        )
    yield FindingFigure(
        "activity",
        "Activity",
        f"Variance over {noun.many} of the mean of each latent dimension (active above the dashed "
        "line), and for codes with a width the mean Kullback-Leibler divergence to the standard "
        "normal distribution.",
        latent_activity(latent),
    )
    yield FindingFigure(
        "information",
        "Mutual information",
        "Mutual information in nats of each latent dimension alone with each observable, most "
        "active dimension first; it includes relations of any shape.",
        latent_information(information, columns, [o.observable for o in found.observed.values()]),
    )
    yield FindingFigure(
        "correlations",
        "Rank correlations",
        "Spearman's rank correlation of each latent dimension with each observable.",
        latent_correlations(latent, list(found.observed.values())),
    )
    yield FindingFigure(
        "pca",
        "Principal components",
        f"One point per {noun.one}.",
        latent_map(latent, colours),
    )
    yield FindingFigure(
        "tsne",
        "t-SNE",
        "Projection in which neighbouring codes stay neighbours; distances between groups have no "
        "quantitative meaning.",
        latent_plane(laid_out, ("t-SNE 1", "t-SNE 2"), [colour[few] for colour in colours]),
    )
    for colour, informed in zip(colours, about.T, strict=True):
        title = colour.observable.title
        shown = informed.argsort(descending=True) if config.colour else columns
        yield FindingFigure(
            f"pairs_{colour.observable.name}",
            f"Pairs of latent dimensions by {title}",
            f"{_FIRST[bool(config.colour)]} against each other, coloured by {title}.",
            latent_pairs(latent, shown[: config.columns].tolist(), colour),
        )
    walked = about.amax(1).argsort(descending=True) if config.colour else columns
    yield from found.measured.kind.walks(found, config.steps, walked[: config.columns], ends)


class _Walks(NamedTuple):
    """Sets decoded along paths: with one latent dimension varied, and from one set to another.

    Args:
        places: ``(C, steps)`` values of the varied dimension.
        moved: the decoded sets, for each dimension.
        pair: the real sets at the ends of the interpolation.
        way: the sets decoded along it.
    """

    places: Tensor
    moved: list[ParticleCloud]
    pair: ParticleCloud
    way: ParticleCloud


def _walks(found: EncodedSets, steps: int, columns: Tensor, ends: list[int]) -> _Walks:
    means = found.latent.mean
    start = int((means - means.mean(0)).norm(dim=1).argmin())
    codes = traversals(means, means[start], columns, steps)  # (C, steps, L)
    like = found.jets[[start] * steps]
    moved = [found.model.decode(walk, like) for walk in codes]
    pair = found.jets[ends]
    first, last = found.model.codes(pair).mean
    way = found.model.decode(interpolation(first, last, steps), blend(pair, steps))
    places = torch.stack([walk[:, k] for walk, k in zip(codes, columns.tolist(), strict=True)])
    return _Walks(places, moved, pair, way)


_TRAVERSED = (
    "whose code is nearest to the mean, decoded with one latent dimension at a time varied from "
    "its 2 % to its 98 % quantile."
)


def jet_walks(
    found: EncodedSets, steps: int, columns: Tensor, ends: list[int]
) -> Iterator[FindingFigure]:
    """Traversals of latent ``columns``, and the path between the jets ``ends``, drawn as jets."""
    walks = _walks(found, steps, columns, ends)
    rows = {
        f"$z_{{{column + 1}}}$": _singly(jets)
        for column, jets in zip(columns.tolist(), walks.moved, strict=True)
    }
    yield FindingFigure("traversals", "Traversals", f"The jet {_TRAVERSED}", latent_walk(rows))
    real, between = _singly(walks.pair), [None] * (steps - 2)
    yield FindingFigure(
        "interpolation",
        "From one jet to another",
        "Jets decoded along the straight line between the codes of two jets (the real ones above "
        "its ends), with interpolated numbers of particles and conditions.",
        latent_walk({"real": [real[0], *between, real[1]], "decoded": _singly(walks.way)}),
    )


def column_walks(
    found: EncodedSets, steps: int, columns: Tensor, ends: list[int]
) -> Iterator[FindingFigure]:
    """Traversals of latent ``columns``, and the path between the entries ``ends``, as curves."""
    walks = _walks(found, steps, columns, ends)
    names = measure_features(walks.way).observables
    shown = [known for name, known in found.observed.items() if name in names]
    rows = {
        f"$z_{{{column + 1}}}$": (places, measure_features(sets).observables)
        for column, places, sets in zip(columns.tolist(), walks.places, walks.moved, strict=True)
    }
    yield FindingFigure(
        "traversals",
        "Traversals",
        f"The entry {_TRAVERSED} One row per latent dimension, one panel per feature; grey is the "
        "central 90 % of the encoded entries.",
        latent_curves(rows, shown),
    )
    share = torch.linspace(0, 1, steps)
    real = {
        name: values[[0, 1]] for name, values in measure_features(walks.pair).observables.items()
    }
    way = {"Position on the path": (share, measure_features(walks.way).observables)}
    yield FindingFigure(
        "interpolation",
        "From one entry to another",
        "Entries decoded along the straight line between the codes of two entries (the real ones "
        "as rings at its ends), with interpolated conditions.",
        latent_curves(way, shown, real),
    )


def far_apart(found: EncodedSets, between: Sequence[str] = ()) -> list[int]:
    """The requested sets, or those at the 5 % and 95 % quantiles of the first main observable."""
    if between:
        jets = [int(text) for text in between]
        if max(jets) >= len(found.jets):
            raise InputError(
                f"between: expected numbers below {len(found.jets)}, the number of "
                f"encoded jets, received {','.join(between)}"
            )
        return jets
    ordered = found.observed[found.main[0]].values.argsort()
    return [int(ordered[int(share * (len(ordered) - 1))]) for share in (0.05, 0.95)]


def _singly(jets: ParticleCloud) -> list[MeasuredSets | None]:
    measured = measure(jets)
    return [measured[k : k + 1] for k in range(len(jets))]
