"""The shipped option files: each is valid, and the rows of the comparison are comparable."""

from pathlib import Path

import pytest

from jetgen.cli.parser import parse
from jetgen.config.train import TrainConfig

FOLDER = Path(__file__).parents[1] / "configs"
ROWS = sorted((FOLDER / "comparison").glob("*.yaml"))
SHARED = ("data", "jets", "seed", "particles", "representation", "threads", "time_limit", "batch")


def options(path):
    return parse("train", "", TrainConfig, ["--config", str(path)])


@pytest.mark.parametrize("path", [*sorted(FOLDER.glob("*.yaml")), *ROWS], ids=lambda p: p.stem)
def test_the_file_is_valid_and_writes_to_a_run_of_its_name(path):
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert Path(options(path).run).name == path.stem


def test_the_rows_of_the_comparison_differ_in_the_method_alone():
    configs = [options(path) for path in ROWS]
    assert len({str([getattr(config, name) for name in SHARED]) for config in configs}) == 1


def test_every_objective_and_loss_has_a_row():
    configs = [options(path) for path in ROWS]
    found = {(config.objective, config.loss) for config in configs}
    for objective in ("ae", "vae", "wae", "swae", "aae"):
        assert {(objective, loss) for loss in ("mse", "chamfer", "emd")} <= found
    adversarial = {config.gan_loss for config in configs if config.objective == "gan"}
    assert adversarial == {"bce", "lsgan", "hinge", "wgan-gp"}
    assert any(config.objective == "flow-matching" for config in configs)
