"""The verdict on a sample: which rows count, the word, and the text."""

import math

import pytest

from jetgen.classifiers.figure_of_merit import FigureOfMerit, Scores
from jetgen.evaluation.comparison import Comparison, Distance, Row
from jetgen.evaluation.verdict import auc_word, headlines, metric_title, sigmas_in_words
from jetgen.kinds import ENTRIES, JETS
from jetgen.physics.observables import Observable
from jetgen.physics.quantities import Quantity


def merit(auc, error=0.01):
    return FigureOfMerit(auc, error, 1.0, 1.0, (), Scores((), (), ()), 1000)


def table(kind=JETS, given=JETS.given, **sigmas):
    rows = tuple(
        Row(
            Quantity(Observable(name, f"title of {name}", name), 1.0, ""),
            1.0,
            0.1,
            {"generated": Distance(1 + 0.1 * s, 0.1, s, 1 + 0.1 * s)},
        )
        for name, s in sigmas.items()
    )
    return Comparison(rows, ("generated",), 500, 1000, 10, 1, (), kind, given)


def verdict(auc=0.5, **options):
    return headlines(table(**options), {"generated": {"trees": merit(auc)}})["generated"]


@pytest.mark.parametrize(
    ("auc", "error", "word"),
    [
        (0.48, 0.01, "indistinguishable"), (0.519, 0.001, "indistinguishable"),
        (0.529, 0.01, "indistinguishable"), (0.55, 0.01, "close"), (0.66, 0.01, "different"),
    ],
)  # fmt: skip
def test_an_auc_has_a_word(auc, error, word):
    assert auc_word(merit(auc, error)) == word


@pytest.mark.parametrize(
    ("sigmas", "ratio", "word"),
    [
        (2.9, 5.0, "indistinguishable"), (9.0, 5.0, "close"), (40.0, 1.9, "close"),
        (40.0, 2.1, "different"), (math.inf, math.inf, "different"),
    ],
)  # fmt: skip
def test_a_metric_has_a_word_from_both_sigmas_and_multiples_of_the_floor(sigmas, ratio, word):
    assert Distance(1.0, 0.1, sigmas, ratio).verdict == word


def test_the_worst_metric_decides():
    found = verdict(relative_mass=1.0, kpd=50.0, tau21=2.0)
    assert found.word == "different"
    assert "Worst: title of kpd (KPD), 6 × the floor, +50 σ." in found.text
    assert "2 of 3 metrics indistinguishable" in found.text
    assert "AUC 0.500 ± 0.010 (boosted trees)" in found.text


def test_the_classifier_decides_where_all_metrics_agree():
    assert verdict(auc=0.9, relative_mass=1.0).word == "different"
    assert verdict(auc=0.51, relative_mass=1.0).word == "indistinguishable"


def test_what_is_given_to_models_never_counts():
    found = verdict(relative_mass=1.0, pt=90.0, multiplicity=90.0, mass=90.0)
    assert found.word == "indistinguishable"
    assert "1 of 1 metrics" in found.text


def test_every_column_of_other_sets_counts_but_conditions():
    options = {"kind": ENTRIES, "given": ("type",)}
    assert verdict(a=1.0, type=90.0, **options).word == "indistinguishable"
    assert verdict(a=90.0, type=1.0, **options).word == "different"


def test_without_a_classifier_a_sample_is_at_best_close():
    found = headlines(table(relative_mass=1.0), {})["generated"]
    assert found.word == "close"
    assert "it needs at least 500 jets per sample" in found.text


def test_numbers_and_names():
    assert sigmas_in_words(9.94) == "+9.9 σ" and sigmas_in_words(-12.3) == "-12 σ"
    assert sigmas_in_words(math.inf) == "+∞ σ"
    assert metric_title("w1efp", "mean of the five polynomials").endswith("(W1EFP)")
    assert metric_title("fpd", "FPD of 100 jets") == "FPD of 100 jets"
