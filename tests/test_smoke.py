"""The commands one after the other on a few real jets: what a fresh installation must do."""

import h5py
import numpy as np
import pytest

from jetgen.cli.main import main

OPTIONS = ["--hidden", "16", "--layers", "1", "--latent", "4", "--epochs", "2"]
PRIOR = ["--prior", "flow", "--prior-epochs", "2", "--flow-transforms", "2", "--flow-hidden", "16"]


@pytest.mark.smoke
@pytest.mark.sim
@pytest.mark.slow
def test_simulate_inspect_train_generate_report(tmp_path, capsys):
    jets, run = str(tmp_path / "jets.h5"), str(tmp_path / "run")
    assert main(["simulate", "gluon", "--jets", "160", "--seed", "3", "--output", jets]) == 0
    assert main(["inspect", jets]) == 0
    assert "jetgen" in capsys.readouterr().out
    assert main(["train", "--data", jets, "--run", run, *OPTIONS, *PRIOR, "--device", "cpu"]) == 0
    assert main(["generate", run, "--jets", "60"]) == 0
    assert main(["report", run]) == 0
    out = capsys.readouterr().out
    assert "W1M" in out and f"{run}/generated.h5" in out and f"{run}/report" in out
    with h5py.File(f"{run}/generated.h5") as file:
        assert file["particle_features"].shape == (60, 150, 4)
        assert np.isfinite(file["constituents"][:]).all()
    page = (tmp_path / "run" / "report" / "report.html").read_text()
    assert page.count("data:image/png;base64,") >= 6 and "http-equiv" not in page
