"""Jets, and sets with any named features: everything that differs between the two, in one place.

A jet is a set of particles with momenta. A muon, a di-jet event or a row of a table is a set of
items whose features are columns with names. Both take the same way through the package; where they
differ, code asks the :class:`Kind` of its sets and does not test which one it is. The kind comes
from the options of a run (:func:`kind_of`) or, for sets that were read from a file, from their
features (:func:`kind_of_cloud`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from jetgen.cloud import CARTESIAN, RELATIVE, ParticleCloud
from jetgen.registry import resolve

S = TypeVar("S")


class Noun(NamedTuple):
    """What sets are called in words and on axes: one, several, and one of its items."""

    one: str
    many: str
    item: str


class Answer:
    """A field of :class:`Kind` that is set to an import path and read as the function there.

    The function is imported when it is first read, so that this module stands below all others.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __set__(self, kind: Kind, path: str) -> None:
        vars(kind)[self.name] = path

    def __get__(self, kind: Kind | None, owner: type) -> Any:
        if kind is None:
            raise AttributeError(self.name)  # the field has no default
        return resolve(vars(kind)[self.name])


@dataclass(frozen=True, eq=False, repr=False)
class Kind:
    """What differs between jets and sets with named features.

    Args:
        noun: what the sets are called.
        representations: the values of the option ``representation`` that choose this kind.
        features_by_name: whether features and conditions are chosen among the columns of a file.
        momenta: whether the features of an item are the components of a momentum.
        monitored: the figures that can be followed during a training; ``None`` for all.
        refused: options that this kind does not have, and what is expected of each instead.
        logarithmic: conditions that a model receives as their logarithm.
        empty: how a set without items is counted.
        baseline: the name of the trivial generator, which is that of its sample.
        preface: how a report measures every quantity.
        counted: rows of a comparison that the verdict on a sample counts; ``None`` for all.
        given: rows that most models receive from the data and have right by construction.

        represent: ``(cloud, config)``, the sets in the representation of a run.
        measure: ``(cloud)``, the :class:`~jetgen.physics.observables.MeasuredSets`.
        observables: ``(measured)``, observables with their values.
        region_values: ``(cloud)``, values by the names that a region can use.
        class_name: ``(index)``, the name of a class.
        unknown_classes: ``(types)``, how many of them stand for no class.
        summary: ``()``, a module with whole-set quantities for a discriminator, where there is one.
        counted_items: ``(made, real)``, the mask of generated items that count.
        closeness_values: ``(cloud)``, whole-set values to compare besides the features.
        make_baseline: ``(training, number, generator)``, sets of the trivial generator.
        monitored_reference: ``(names, real)``, what these figures need of real sets.
        monitored_figures: ``(names, reference, generated)``, figures of merit by name.
        file_columns: ``(layouts)``, features and conditions of a file of generated sets.
        as_written: ``(cloud)``, generated sets as files hold them.
        writer: ``(path, features, conditions, *, slots, attributes, overwrite)``, which adds sets.
        as_compressed: ``(cloud)``, decoded sets in the features that compressed files store.
        all_items: ``(cloud, model)``, the items to be restored, in these features.
        require_comparable: ``(name, sample, real)``, raises for sets without common features.
        missing_units: ``(cloud)``, features without a unit that are assumed to have one.
        doubts: ``(name, sample, real)``, warnings of measured sets that differ by how they were
            made.
        baselines: ``()``, the trivial generators, ``(training, number, generator)``, by name.
        ranked_by: ``()``, the columns of a table of runs, by the values of its option ``by``.
        distances: ``(checked, *, seed)``, the distances without classifiers.
        reconstruction_records: ``(real, decoded)``, further numbers of reconstructions by sample.
        complete: ``(checked)``, with everything measured that metrics and figures need.
        assess: ``(checked, *, classifiers, features, seed, progress)``, the table of metrics and
            the classifiers' figures of merit, by sample and name.
        memorised: ``(checked, seed)``, whether samples repeat training sets, by sample.
        evaluate: ``(real, generated, config, progress)``, the content of the file of metrics.
        report_sections: ``(checked, latent, history, seed, merits)``, the sections of a report.
        further_quantities: ``()``, quantities that are drawn but are not in the table.
        report_works: ``()``, citations for the numbers of a report.
        main_observables: ``(encoded)``, the names of the observables that are shown first.
        walks: ``(encoded, steps, columns, ends)``, figures of sets decoded along lines of codes.
    """

    noun: Noun
    representations: tuple[str, ...]
    features_by_name: bool
    momenta: bool
    monitored: tuple[str, ...] | None
    refused: Mapping[str, str]
    logarithmic: tuple[str, ...]
    empty: str
    baseline: str
    preface: str
    counted: tuple[str, ...] | None
    given: tuple[str, ...]

    represent: Answer = Answer()
    measure: Answer = Answer()
    observables: Answer = Answer()
    region_values: Answer = Answer()
    class_name: Answer = Answer()
    unknown_classes: Answer = Answer()
    summary: Answer = Answer()
    counted_items: Answer = Answer()
    closeness_values: Answer = Answer()
    make_baseline: Answer = Answer()
    monitored_reference: Answer = Answer()
    monitored_figures: Answer = Answer()
    file_columns: Answer = Answer()
    as_written: Answer = Answer()
    writer: Answer = Answer()
    as_compressed: Answer = Answer()
    all_items: Answer = Answer()
    require_comparable: Answer = Answer()
    missing_units: Answer = Answer()
    doubts: Answer = Answer()
    baselines: Answer = Answer()
    ranked_by: Answer = Answer()
    distances: Answer = Answer()
    reconstruction_records: Answer = Answer()
    complete: Answer = Answer()
    assess: Answer = Answer()
    memorised: Answer = Answer()
    evaluate: Answer = Answer()
    report_sections: Answer = Answer()
    further_quantities: Answer = Answer()
    report_works: Answer = Answer()
    main_observables: Answer = Answer()
    walks: Answer = Answer()

    def __repr__(self) -> str:
        return f"Kind({self.noun.many})"

    def called(self, noun: Noun) -> Kind:
        """The same kind of sets under another name."""
        return Kind(**{**vars(self), "noun": noun})


def nothing(*received: object) -> dict[str, Any]:
    """The answer of a kind that has none: no warnings, values or figures."""
    return {}


def unchanged(sets: S) -> S:
    """The sets as they are."""
    return sets


JETS = Kind(
    noun=Noun("jet", "jets", "particle"),
    representations=("relative", "cartesian"),
    features_by_name=False,
    momenta=True,
    monitored=None,
    refused={
        "azimuth": "none with jets, whose particles are turned with them; "
        "representation='features'",
    },
    logarithmic=("pt",),
    empty="with mass, pT, energy, η and φ zero",
    baseline="independent particles",
    preface="Every jet, simulated or generated, is the sum of its particles, taken as massless; "
    "every particle is measured from the four-momentum sum of its own jet. The order of particles "
    "plays no role.",
    counted=(
        "relative_mass",
        "particle_mean",
        "w1efp",
        "fpd",
        "kpd",
        "uncovered",
        "mmd",
        "pt_dispersion",
        "girth",
        "les_houches",
        "thrust",
        "tau21",
        "tau32",
        "c2",
        "d2",
        "soft_drop_mass",
    ),
    given=("pt", "eta", "phi", "multiplicity"),
    represent="jetgen.objectives.preparation:represent_jets",
    measure="jetgen.physics.observables:measure",
    observables="jetgen.physics.observable_values:jet_observables",
    region_values="jetgen.physics.observable_values:jet_values",
    class_name="jetgen.physics.classes:class_name",
    unknown_classes="jetgen.physics.classes:unknown_classes",
    summary="jetgen.objectives.jet_summary:JetSummary",
    counted_items="jetgen.objectives.multiplicity:hard_particles",
    closeness_values="jetgen.objectives.closeness:jet_masses",
    make_baseline="jetgen.physics.baselines:independent_particles",
    monitored_reference="jetgen.training.monitored:known_jets",
    monitored_figures="jetgen.training.monitored:monitored_figures",
    file_columns="jetgen.generation.mixing:jet_columns",
    as_written="jetgen.physics.fourvectors:laboratory_jets",
    writer="jetgen.datasets.writing:jet_writer",
    as_compressed="jetgen.physics.fourvectors:to_cartesian",
    all_items="jetgen.compression.coding:all_particles",
    require_comparable="jetgen.kinds:nothing",
    missing_units="jetgen.physics.units:without_unit",
    doubts="jetgen.evaluation.checks:doubts_of_jets",
    baselines="jetgen.physics.baselines:jet_baselines",
    ranked_by="jetgen.ranking.tables:jet_figures",
    distances="jetgen.evaluation.comparison:compare_checked",
    reconstruction_records="jetgen.kinds:nothing",
    complete="jetgen.evaluation.completing:complete_jets",
    assess="jetgen.evaluation.command:evaluate_checked",
    memorised="jetgen.evaluation.memorised:memorised_jets",
    evaluate="jetgen.evaluation.command:evaluate_jets",
    report_sections="jetgen.reports.jet_sections:jet_report_sections",
    further_quantities="jetgen.physics.quantities:substructure_quantities",
    report_works="jetgen.citing.citations:of_jet_report",
    main_observables="jetgen.latent.encoding:main_jet_observables",
    walks="jetgen.latent.page:jet_walks",
)
"""Sets of particles with momenta."""

_NO_JETS = "none with sets of named features, which are no jets"

ENTRIES = Kind(
    noun=Noun("entry", "entries", "item"),
    representations=("features",),
    features_by_name=True,
    momenta=False,
    monitored=("fom",),
    refused={
        "constraint": "none with representation='features', whose sets have no jet kinematics",
        "jetnet": _NO_JETS,
        "reference": _NO_JETS,
        "train_reference": _NO_JETS,
        "training": _NO_JETS,
    },
    logarithmic=(),
    empty="as zeros",
    baseline="independent columns",
    preface="Columns are compared as they are, in the units of the files. Sets of the same few "
    "items have one value for each, in falling pT or, without one, in falling order of the first "
    "column; of larger sets, and of sets of varying size, all items are taken together.",
    counted=None,
    given=(),
    represent="jetgen.objectives.preparation:represent_sets",
    measure="jetgen.physics.features:measure_features",
    observables="jetgen.physics.features:varying_features",
    region_values="jetgen.physics.features:feature_values",
    class_name="jetgen.physics.classes:table_class_name",
    unknown_classes="jetgen.kinds:nothing",
    summary="jetgen.kinds:nothing",
    counted_items="jetgen.objectives.multiplicity:all_items",
    closeness_values="jetgen.kinds:nothing",
    make_baseline="jetgen.physics.baselines:independent_features",
    monitored_reference="jetgen.training.monitored:known_sets",
    monitored_figures="jetgen.training.monitored:monitored_sets",
    file_columns="jetgen.generation.mixing:set_columns",
    as_written="jetgen.kinds:unchanged",
    writer="jetgen.datasets.writing:set_writer",
    as_compressed="jetgen.kinds:unchanged",
    all_items="jetgen.compression.coding:all_items",
    require_comparable="jetgen.evaluation.columns:require_common_columns",
    missing_units="jetgen.kinds:nothing",
    doubts="jetgen.kinds:nothing",
    baselines="jetgen.physics.baselines:table_baselines",
    ranked_by="jetgen.ranking.tables:column_figures",
    distances="jetgen.evaluation.columns:compare_columns",
    reconstruction_records="jetgen.ranking.columns:reconstruction_records",
    complete="jetgen.kinds:unchanged",
    assess="jetgen.evaluation.columns:evaluate_columns",
    memorised="jetgen.kinds:nothing",
    evaluate="jetgen.evaluation.command:evaluate_entries",
    report_sections="jetgen.reports.column_sections:column_report_sections",
    further_quantities="jetgen.kinds:nothing",
    report_works="jetgen.kinds:nothing",
    main_observables="jetgen.latent.encoding:main_columns",
    walks="jetgen.latent.page:column_walks",
)
"""Sets of items with any named features, such as muons, di-jet events or rows of a table."""

KINDS = JETS, ENTRIES


def kind_of(representation: str) -> Kind:
    """The kind of the sets of a run with this ``representation``.

    >>> kind_of("relative"), kind_of("features")
    (Kind(jets), Kind(entries))
    """
    return next(kind for kind in KINDS if representation in kind.representations)


def kind_of_cloud(cloud: ParticleCloud) -> Kind:
    """The kind of sets that were read from a file: jets where several particles have momenta."""
    momenta = cloud.features[:3] in (CARTESIAN, RELATIVE)
    return JETS if momenta and cloud.mask.shape[1] > 1 else ENTRIES
