"""The results of the latent-space study: the information on jets in codes of autoencoders."""

from __future__ import annotations

from collections.abc import Sequence

from jetgen.metrics.latent import ACTIVE
from jetgen.metrics.trainings import paired_difference
from jetgen.reports.findings import Claim, Conclusion, Table, judged
from jetgen.reports.formatting import with_uncertainty
from jetgen.reports.style import figure_style
from jetgen.studies.definition import Study
from jetgen.studies.latent_figures import drawings, following
from jetgen.studies.latent_runs import (
    AE,
    BETA,
    HEAVY,
    KNOWN,
    MASS,
    MODELS,
    QUANTITIES,
    REGION,
    TOP,
    TYPE,
    VAE,
    WHOLE,
    Runs,
    cell,
    coded,
    mean_and_error,
    named,
    numbers_of,
    sample_of,
    title_of,
)


def conclude(study: Study) -> Conclusion:
    """Measure every run of the study and check the published claims."""
    paths = sorted(path.parent for path in study.folder.glob("*/config.yaml"))
    sample = sample_of([study.file(f"{name}-test") for name in ("gluon", "top")], paths[0])
    runs = {named(path.name): coded(path, sample) for path in paths}
    claims = _claims(runs)
    with figure_style():
        drawn = list(drawings(runs))
    tables = [_models(runs), _shares(runs), _known(runs)]
    return Conclusion(_answer(runs, claims), claims, tables, drawn)


def _claims(runs: Runs) -> list[Claim]:
    def ordered(
        statement: str, quantity: str, more: tuple[str, int], less: tuple[str, int]
    ) -> Claim:
        """The claim that ``more`` has the larger value, seed by seed."""
        sides = [numbers_of(runs, model, quantity, share) for model, share in (more, less)]
        found = paired_difference(*sides)
        names = [title_of(*side) for side in (more, less)]
        return Claim(
            statement,
            judged(found),
            f"{QUANTITIES[quantity]}, {names[0]} minus {names[1]}, mean over seeds: "
            f"{with_uncertainty(found.value, found.error)}",
            found.basis,
        )

    vae, beta, ae = (VAE, WHOLE), (BETA, WHOLE), (AE, WHOLE)
    return [
        ordered("A larger β leaves fewer latent dimensions active", "active", vae, beta),
        ordered("A larger β reduces the accuracy of the reconstruction", "error", beta, vae),
        ordered(
            "A larger β concentrates information on an observable in one dimension",
            "gap",
            beta,
            vae,
        ),
        ordered(
            "Single dimensions of a VAE have a clearer meaning than those of an AE", "gap", vae, ae
        ),
        ordered(
            "A code has less information on the type if the VAE is conditioned on it (asked here)",
            TOP,
            vae,
            (TYPE, WHOLE),
        ),
        ordered(
            "A code has less information on the mass if the VAE is conditioned on it (asked here)",
            HEAVY,
            vae,
            (MASS, WHOLE),
        ),
        ordered(
            "10 % of the data give codes with less information (asked here)", REGION, vae, (VAE, 10)
        ),
        ordered(
            "1 % of the data give codes with less information (asked here)",
            REGION,
            (VAE, 10),
            (VAE, 1),
        ),
    ]


def _answer(runs: Runs, claims: Sequence[Claim]) -> str:
    confirmed = sum(claim.verdict == "confirmed" for claim in claims)
    best = max(MODELS, key=lambda model: mean_and_error(numbers_of(runs, model, REGION))[0])
    share = mean_and_error([following(runs[key]) for key in runs if key[0] == MASS])
    return (
        f"{confirmed} of {len(claims)} claims are confirmed at this scale. The region {REGION} is "
        f"found best from the codes of the {MODELS[best]}, with an AUC of "
        f"{cell(numbers_of(runs, best, REGION))}. For a fixed code, the mass of a C-VAE's jets "
        f"changes by {with_uncertainty(*share)} of a change of the mass it is conditioned on."
    )


def _models(runs: Runs) -> Table:
    return Table(
        "models",
        "All models",
        ["model", *QUANTITIES.values()],
        [
            [title, *(cell(numbers_of(runs, model, name)) for name in QUANTITIES)]
            for model, title in MODELS.items()
        ],
        "Mean over seeds and its error, for codes drawn from their posteriors. A latent dimension "
        f"is active above a variance of {ACTIVE} of its mean (of little meaning for an AE, whose "
        "codes have no scale). Information: mutual information of the dimension with most of it; "
        "gap: its difference from the dimension with second most, mean over "
        f"{', '.join(KNOWN[:-1])}. AUC: boosted trees (linear: logistic regression) on the codes "
        f"of half the jets, tested on the other half; the region is {REGION}.",
    )


def _shares(runs: Runs) -> Table:
    shares = sorted({share for model, share, _ in runs if model == VAE})
    return Table(
        "shares",
        "VAEs trained on fewer jets",
        ["percent of the data", *QUANTITIES.values()],
        [
            [f"{share}", *(cell(numbers_of(runs, VAE, name, share)) for name in QUANTITIES)]
            for share in shares
        ],
        "All models encode the same jets; columns as above.",
    )


def _known(runs: Runs) -> Table:
    def strongest(model: str, index: int) -> str:
        keys = [key for key in runs if key[:2] == (model, WHOLE)]
        return cell([float(runs[key].information[:, index].max()) for key in keys])

    return Table(
        "information",
        "Largest information of a latent dimension on each observable [nats]",
        ["model", *KNOWN],
        [
            [title, *(strongest(model, index) for index in range(len(KNOWN)))]
            for model, title in MODELS.items()
        ],
        "Mutual information, mean over seeds and its error; the estimate for independent "
        "quantities is up to a few hundredths.",
    )
