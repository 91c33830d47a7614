"""The functions of ``jetgen``: jets as clouds, files or runs, options as keyword arguments."""

import numpy as np
import pytest
import torch

import jetgen
from jetgen.cli.main import main
from jetgen.errors import InputError

SMALL = {"epochs": 2, "hidden": 8, "layers": 1, "latent": 4, "batch": 32, "device": "cpu"}
SMALL |= {"particles": 10, "seed": 3, "prior_epochs": 1, "flow_transforms": 1, "flow_hidden": 8}


@pytest.fixture(scope="module")
def jets(toy_jets):
    return toy_jets(240, 1)


@pytest.fixture(scope="module")
def run(jets, tmp_path_factory):
    """A run trained on jets that are in no file."""
    folder = tmp_path_factory.mktemp("runs") / "memory"
    return jetgen.train(data=jets, run=folder, **SMALL)


def test_jets_from_python_train_as_those_of_a_file(run, jets, tmp_path):
    path = jetgen.write(jets, tmp_path / "jets.h5")
    config = jetgen.TrainConfig(run=str(tmp_path / "file"))
    other = jetgen.train(config, data=path, **SMALL)
    made = [jetgen.generate(each, 20, seed=5) for each in (run, other)]
    assert len(made[0]) == 20 and made[0].features == jetgen.cloud.CARTESIAN
    assert torch.allclose(made[0].particles, made[1].particles, rtol=1e-3, atol=1e-3)


def test_a_run_of_jets_from_python_asks_for_them_again(run, jets):
    with pytest.raises(InputError, match=r"passed from Python .* \(`jetgen\.load`\)"):
        jetgen.load(run).held_out()
    held_out = jetgen.load(run, data=jets).held_out()
    assert 0 < len(held_out) < len(jets)
    with pytest.raises(InputError, match=r"data: expected the sets that .* received others"):
        jetgen.load(run, data=jets[:-1])
    with pytest.raises(InputError, match="data: expected the sets that"):
        jetgen.train(run=run, resume=True, data=jets[1:])
    assert main(["cite", str(run)]) == 0


def test_generated_jets_are_those_of_the_file(run, jets, tmp_path):
    path = tmp_path / "made.h5"
    few = int(jetgen.load(run, data=jets).training_jets().multiplicity.min())
    written = jetgen.generate(run, 30, seed=2, fix={"n": few}, output=path)
    made = jetgen.generate(jetgen.load(run), 30, seed=2, fix={"n": few})
    assert made.multiplicity.tolist() == [few] * 30
    assert torch.allclose(made.mass.float(), written.mass.float(), rtol=1e-3, atol=1e-3)
    assert torch.equal(jetgen.read(path).particles, written.particles)


def test_jets_are_evaluated_from_memory_and_from_files(jets, toy_jets, tmp_path):
    other = toy_jets(240, 2)
    path = jetgen.write(other, tmp_path / "other.h5")
    found = jetgen.evaluate(other, jets)
    assert {row["metric"] for row in found["rows"]} >= {"relative_mass", "fpd", "kpd"}
    from_file = jetgen.evaluate(path, jets, output=tmp_path / "result.json")
    assert [row["metric"] for row in from_file["rows"]] == [row["metric"] for row in found["rows"]]
    for a, b in zip(found["rows"], from_file["rows"], strict=True):
        assert a["value"] == pytest.approx(b["value"], rel=0.05, abs=1e-3)
    assert (tmp_path / "result.json").is_file()


@pytest.mark.slow
@pytest.mark.usefixtures("without_figures")
def test_a_report_of_clouds_and_files(jets, toy_jets, tmp_path):
    path = jetgen.write(toy_jets(240, 3), tmp_path / "third.h5")
    samples = {"second": toy_jets(240, 2), "third": path}
    page = jetgen.report(samples, jets, output=tmp_path / "report", jets=60)
    text = page.read_text(encoding="utf-8")
    assert "second" in text and "third" in text


@pytest.mark.parametrize("suffix", [".h5", ".root", ".parquet"])
def test_written_jets_are_read_back(jets, tmp_path, suffix):
    back = jetgen.read(jetgen.write(jets, tmp_path / f"jets{suffix}"))
    assert torch.equal(back.multiplicity, jets.multiplicity)
    assert torch.allclose(back.mass, jets.mass, rtol=1e-3, atol=1e-3)
    with pytest.raises(InputError, match=r"expected a new file.* or overwrite=True"):
        jetgen.write(jets, tmp_path / f"jets{suffix}")


def test_jets_of_other_coordinates_are_written_as_jets(jets, tmp_path):
    array = jets.to_awkward().particles
    fields = {name: getattr(array, name) for name in ("pt", "eta", "phi")}
    import awkward as ak

    cloud = jetgen.from_awkward(ak.zip(fields))
    back = jetgen.read(jetgen.write(cloud, tmp_path / "jets.h5"))
    assert torch.allclose(back.pt, jets.pt, rtol=1e-4)
    relative = jetgen.from_numpy(np.abs(np.random.default_rng(1).normal(size=(5, 4, 3))))
    path = jetgen.write(relative, tmp_path / "relative.h5")
    assert torch.allclose(jetgen.read(path).mass, relative.mass, rtol=1e-4)
    with pytest.raises(InputError, match=r"expected a name in \.h5"):
        jetgen.write(cloud, tmp_path / "jets.txt")


@pytest.mark.parametrize("form", [lambda jets: jets, lambda jets: [jets], lambda jets: 3])
def test_jets_in_the_place_of_file_names_are_sent_to_the_function(form, jets):
    with pytest.raises(
        InputError, match=r"^data: expected names of files, .*\(config, data=jets\)$"
    ):
        jetgen.TrainConfig(data=form(jets))


def test_options_are_named_as_fields(tmp_path):
    with pytest.raises(InputError, match=r"received Latent; did you mean 'latent'\?"):
        jetgen.train(Latent=3)
    with pytest.raises(InputError, match=r"^data: expected an array"):
        jetgen.train(data=np.ones((3, 3)), run=tmp_path / "run")
    with pytest.raises(InputError, match=r"^jets: expected at least 1, received 0"):
        jetgen.generate("runs/none", 0)


@pytest.mark.sim
def test_simulated_jets_are_a_cloud(tmp_path):
    pytest.importorskip("pythia8mc")
    made = jetgen.simulate("gluon", jets=5, seed=2)
    kept = jetgen.simulate("gluon", jets=5, seed=2, output=tmp_path / "jets.h5")
    assert len(made) == 5 and torch.equal(made.particles, kept.particles)
    assert torch.equal(jetgen.read(tmp_path / "jets.h5").particles, kept.particles)


def test_a_map_is_for_all_data_with_names_of_columns(jets, tmp_path):
    momenta = jets.to_awkward().particles
    table = {name: getattr(momenta, f"p{name}") * 1000 for name in "xyz"}
    chosen = {"px": "x", "py": "y", "pz": "z", "unit": "MeV"}
    run = jetgen.train(data=table, map=chosen, run=tmp_path / "run", **SMALL)
    model = jetgen.load(run, data=table)
    assert float(model.held_out().mass.max()) < 2 * float(jets.mass.max())
    inside = jetgen.generate(run, 5, region="mass > 0", data=table)
    assert len(inside) == 5
    resumed = {**SMALL, "epochs": 3}
    with pytest.raises(InputError, match="map: expected none for jets in memory without names"):
        jetgen.train(data=jets, map={"unit": "MeV"}, run=tmp_path / "other", **resumed)
    with pytest.raises(InputError, match="map: expected none for jets in memory without names"):
        jetgen.evaluate(jets, jets, map={"unit": "MeV"})
    rows = jetgen.evaluate(table, jets, map=chosen)["rows"]
    assert next(row["value"] for row in rows if row["metric"] == "relative_mass") < 1e-6


def test_a_preset_by_name_and_options_that_replace_its_own(jets, tmp_path):
    folder = jetgen.train(data=jets, run=tmp_path / "gan", preset="gan", **SMALL)
    config = jetgen.load(folder).config
    assert (config.objective, config.queries, config.hidden) == ("gan", "noise", 8)
    with pytest.raises(InputError, match="preset: expected one of aae, ae"):
        jetgen.train(data=jets, run=tmp_path / "none", preset="diffusion")


def test_nothing_depends_on_the_default_type_of_torch(gaussian_file, tmp_path):
    """As other packages and float64 notebooks set it."""
    before, found = torch.get_default_dtype(), []
    small = {"epochs": 1, "prior_epochs": 1, "hidden": 8, "latent": 3, "particles": 12}
    for kind in (torch.float32, torch.float64):
        torch.set_default_dtype(kind)
        try:
            run = jetgen.train(data=gaussian_file, run=str(tmp_path / str(kind)), **small)
            model = jetgen.load(run)
            blocks = [block.particles for block in model.generated_blocks(7)]
            assert torch.get_default_dtype() == kind
            jets = model.comparable(gaussian_file)[:20]
            rows = jetgen.evaluate(jets, gaussian_file, metric=["fpd"])["rows"]
        finally:
            torch.set_default_dtype(before)
        values = torch.tensor([row["value"] for row in rows], dtype=torch.float64)
        codes, like = model.codes(jets), model.reconstruct(jets).particles
        found.append([jetgen.generate(model, 9).particles, *blocks, like, codes.mean, values])
    assert all(map(torch.equal, *found)) and found[1][0].dtype == torch.float32
