"""What to cite: every choice has its works, and each work a well-formed entry."""

import re

import pytest

from jetgen.citing import bibliography, citations
from jetgen.citing.bibliography import JETGEN, Citation, Work
from jetgen.cli.main import main
from jetgen.components import CONSTRAINTS, DECODERS, ENCODERS, FORMATS, LOSSES, OBJECTIVES, PRIORS
from jetgen.config.train import TrainConfig
from jetgen.runs.folder import RunFolder

WORKS = [value for value in vars(bibliography).values() if isinstance(value, Work)]


def keys(found):
    return {citation.work.key for citation in found}


@pytest.mark.parametrize(
    "registry",
    [OBJECTIVES, ENCODERS, DECODERS, LOSSES, CONSTRAINTS, PRIORS, FORMATS],
    ids=lambda r: r.kind,
)
def test_every_component_cites_known_works(registry):
    assert all(set(component.works) <= set(bibliography.BY_KEY) for component in registry.values())
    assert any(component.works for component in registry.values())


def test_each_work_has_one_entry_and_can_be_found():
    assert len({work.key for work in WORKS}) == len(WORKS)
    for work in WORKS:
        assert re.fullmatch(r"\d{4}\.\d{4,5}|hep-ph/\d{7}", work.arxiv) or work.venue, work.key
        assert work.bibtex.count("{") == work.bibtex.count("}")
        assert work.bibtex.startswith(f"@misc{{{work.key},\n  author = {{")
        year = re.match(r"(\d\d)\d\d\.", work.arxiv)
        assert not year or 2000 + int(year[1]) == work.year, work.key


def test_a_training_cites_what_it_uses_and_nothing_else():
    used = keys(
        citations.of_training(
            TrainConfig(
                encoder="epic", decoder="deepsets", prior="flow", constraint=["efp"], beta=1
            )
        )
    )
    assert {"jetgen", "Kingma:2013", "Buhmann:2023a", "Zaheer:2017", "Durkan:2019"} <= used
    assert {"Orzari:2021", "Komiske:2017", "Liu:2025"} <= used
    assert not used & {"Goodfellow:2014", "Tolstikhin:2017", "Higgins:2017", "Lipman:2022"}
    matched = keys(citations.of_training(TrainConfig(objective="flow-matching")))
    assert "Lipman:2022" in matched
    assert not matched & {"Kingma:2013", "Orzari:2021"}
    assert "Mao:2016" in keys(citations.of_training(TrainConfig(objective="gan", gan_loss="lsgan")))
    turned = TrainConfig(representation="features", azimuth="phi")
    assert keys(citations.of_training(turned)) >= {"DiSipio:2019"} and "DiSipio:2019" not in used
    assert {"Higgins:2017", "Kingma:2016"} <= keys(
        citations.of_training(TrainConfig(beta=0.5, free_bits=0.1))
    )


def test_simulated_jets_cite_the_simulation():
    assert keys(citations.of_files("data/gluon.h5")) == {
        "Bierlich:2022", "Cacciari:2011", "Cacciari:2005", "Cacciari:2008",
    }  # fmt: skip
    assert keys(citations.of_data(FORMATS["JetNet HDF5"], {})) == {"Kansal:2021"}
    assert keys(citations.of_data(FORMATS["jetgen sets HDF5"], {"command": "cluster"})) == {
        "Kasieczka:2021", "Cacciari:2011", "Cacciari:2005", "Cacciari:2008",
    }  # fmt: skip


def test_a_work_is_listed_once_with_all_its_reasons():
    twice = [Citation(JETGEN, "one"), Citation(JETGEN, "two"), Citation(JETGEN, "one")]
    assert citations.merged(twice) == [Citation(JETGEN, "one; two")]


def test_the_command_prints_bibtex(tmp_path, capsys):
    RunFolder(tmp_path).write_config(TrainConfig(data=["data/gluon.h5"], objective="wae"))
    assert main(["cite", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.count("@misc{") == len(set(re.findall(r"@misc\{(.+),", out)))
    for words in ("Tolstikhin", "PYTHIA 8.3", "% simulation of the jets"):
        assert words in out
    assert main(["cite", str(tmp_path / "nothing")]) == 2
