"""Fixtures that several test files use."""

import math
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import torch

from jetgen.cloud import CARTESIAN, RELATIVE, Feature, ParticleCloud
from jetgen.physics.classes import class_index
from jetgen.physics.fourvectors import JET_KINEMATICS, massless, to_cartesian, to_relative

hypothesis.settings.register_profile(
    "same examples in every run",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],  # of a machine that others use too
)
hypothesis.settings.load_profile("same examples in every run")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shift-seeds",
        type=int,
        default=0,
        metavar="N",
        help="add N to every seed of torch and NumPy: jets, initial weights, batches, resampling; "
        "what passes with one seed only is found so",
    )

    parser.addoption(
        "--fuzz-cases",
        type=int,
        metavar="N",
        help="damaged files of each kind (default: 300; with -m fuzz 5,000)",
    )


def pytest_configure(config: pytest.Config) -> None:
    if shift := config.getoption("--shift-seeds"):
        shift_seeds(shift)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A test draws the same numbers whichever ran before it in its process."""
    torch.manual_seed(1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--shift-seeds"):
        for item in items:
            if item.get_closest_marker("recorded"):
                item.add_marker(pytest.mark.skip(reason="compares with numbers of its own seed"))


def shift_seeds(shift: int) -> None:
    """Add ``shift`` to every seed that is set in this process from now on."""
    manual_seed, default_rng = torch.manual_seed, np.random.default_rng

    class Generator(torch.Generator):
        def manual_seed(self, seed: int) -> torch.Generator:
            return super().manual_seed(seed + shift)

    torch.Generator = Generator
    torch.manual_seed = lambda seed: manual_seed(seed + shift)
    np.random.default_rng = lambda seed=None: default_rng(
        seed + shift if isinstance(seed, int) else seed
    )


def gaussian_jets(jets: int, seed: int, slots: int = 12) -> ParticleCloud:
    """Jets with a known law: Gaussian widths, exponential momenta, uniform multiplicity."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    counts = torch.randint(slots // 2, slots + 1, (jets,), generator=generator)
    mask = torch.arange(slots) < counts.unsqueeze(1)
    width = 0.1 * (1 + 0.6 * normal(jets, 1)).clamp(min=0.2)
    momenta = -torch.rand((jets, slots), generator=generator).clamp(min=1e-3).log() + 0.05
    particles = torch.stack(
        [normal(jets, slots) * width, normal(jets, slots) * width, momenta], dim=-1
    )
    jet = {
        Feature("pt", "GeV"): 1000 + 100 * normal(jets),
        Feature("eta"): normal(jets),
        Feature("phi", "rad"): 6 * torch.rand(jets, generator=generator) - 3,
    }
    relative = to_relative(ParticleCloud(particles, mask, RELATIVE).with_conditions(jet))
    placed = relative.with_conditions(jet)
    return to_cartesian(placed).with_conditions(
        {f: to_relative(to_cartesian(placed)).condition(f.name) for f in JET_KINEMATICS}
    )


def correlated_jets(jets: int, seed: int, width: float = 0.12, slots: int = 30) -> ParticleCloud:
    """Jets of about 1 TeV: a steep share-out of pT, and a jet-by-jet width (so correlations)."""
    generator = torch.Generator().manual_seed(seed)
    count = (18 + 4 * torch.randn(jets, 1, generator=generator)).round().clamp(4, slots)
    mask = torch.arange(slots) < count
    share = torch.rand(jets, slots, generator=generator).clamp(min=1e-6).log() ** 2 * mask
    share = share / share.sum(1, keepdim=True)
    pt = 1000 + 100 * torch.rand(jets, 1, generator=generator)
    eta = 0.8 * torch.randn(jets, 1, generator=generator)
    phi = math.pi * (2 * torch.rand(jets, 1, generator=generator) - 1)
    spread = width * (0.5 + torch.rand(jets, 1, generator=generator))
    deta, dphi = torch.randn(2, jets, slots, generator=generator) * spread
    momenta = massless(pt * share, eta + deta, phi + dphi)
    return ParticleCloud(momenta[..., :3], mask, CARTESIAN)


def toy_muons(number: int, seed: int = 1, *, slower: float = 1.0) -> ParticleCloud:
    """Muons of two classes, prompt ones on the beam line; slow ones weigh more.

    Momenta along the beam are exponential about 10 GeV over ``slower``.
    """
    generator = torch.Generator().manual_seed(seed)
    displaced = (torch.rand(number, generator=generator) < 0.7).float()
    pz = -10 / slower * torch.rand(number, generator=generator).clamp(min=1e-6).log()
    noise = torch.randn((number, 5), generator=generator)
    start = [noise[:, 2] * 50 * displaced, noise[:, 3] * 50 * displaced, 100 + 20 * noise[:, 4]]
    items = torch.stack([0.3 * noise[:, 0], 0.3 * noise[:, 1], pz, *start], dim=1)
    cloud = ParticleCloud(
        items.unsqueeze(1),
        torch.ones(number, 1, dtype=torch.bool),
        (*CARTESIAN, Feature("x", "mm"), Feature("y", "mm"), Feature("z", "mm")),
        weights=1 / (1 + pz),
    )
    kinds = [class_index(f"mu-plus-{name}") for name in ("prompt", "displaced")]
    return cloud.with_conditions({Feature("type"): kinds[0] + displaced * (kinds[1] - kinds[0])})


@pytest.fixture(scope="session")
def make_muons() -> Callable[..., ParticleCloud]:
    return toy_muons


@pytest.fixture(scope="session")
def make_gaussian_jets():
    return gaussian_jets


@pytest.fixture
def gaussian_file(tmp_path):
    """400 Gaussian jets in a file of jetgen's own format."""
    from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter

    path = tmp_path / "gaussian.h5"
    with JetgenWriter(path, attributes={"command": "test"}, slots=12) as writer:
        writer.append(gaussian_jets(400, seed=1))
    return path


@pytest.fixture(scope="session")
def toy_jets() -> Callable[..., ParticleCloud]:
    return correlated_jets


@pytest.fixture(scope="session")
def particlenet_weights() -> Callable[[int], dict[str, torch.Tensor]]:
    """Random weights under the JetNet library's names, batch norms with a past."""
    return published_weights


def published_weights(seed: int) -> dict[str, torch.Tensor]:
    from jetgen.networks.particlenet import ACTIVATIONS, WIDTHS

    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    state: dict[str, torch.Tensor] = {}
    columns = 3
    for i, width in enumerate(WIDTHS):
        for layer, inputs in enumerate((2 * columns, width, width)):
            linear, norm = (f"edge_nets.{i}.model.{3 * layer + k}" for k in (0, 1))
            state[f"{linear}.weight"] = normal(width, inputs) / inputs**0.5
            state[f"{linear}.bias"] = 0.1 * normal(width)
            state[f"{norm}.weight"], state[f"{norm}.bias"] = 1 + 0.1 * normal(width), normal(width)
            state[f"{norm}.running_mean"] = 0.1 * normal(width)
            state[f"{norm}.running_var"] = 0.5 + normal(width).square()
            state[f"{norm}.num_batches_tracked"] = torch.tensor(7)
        columns += width
    for name, inputs, outputs in (("fc1.0", columns, ACTIVATIONS), ("fc2", ACTIVATIONS, 5)):
        state[f"{name}.weight"] = normal(outputs, inputs) / inputs**0.5
        state[f"{name}.bias"] = normal(outputs)
    return state


TIMED = {"seconds", "jets_per_second"}
"""Columns of ``metrics.csv`` that no two runs have in common."""


@pytest.fixture
def trained_and_resumed(
    monkeypatch: pytest.MonkeyPatch, same_runs: Callable[[Path, Path], None]
) -> Callable[..., Path]:
    """Trains a run; interrupted after any epoch and resumed, it has the same numbers.

    The interruption comes when the checkpoint of the epoch is there, and its row in the table
    is not yet. The rows, the tensors of the last checkpoint (weights, their averages, optimisers)
    and what it says of the data are compared, bit by bit. Returns the folder of the whole run.
    """
    from jetgen.config.train import TrainConfig
    from jetgen.errors import InputError
    from jetgen.files.checkpoint import Checkpoint
    from jetgen.runs.folder import RunFolder
    from jetgen.runs.trained_model import load
    from jetgen.training.command import train

    save = Checkpoint.save

    def interrupted(config: TrainConfig, epochs: int) -> RunFolder:
        saved = 0

        def save_and_interrupt(checkpoint: Checkpoint, path: Path) -> None:
            nonlocal saved
            save(checkpoint, path)
            saved += path.name.startswith("last")
            if saved == epochs:
                raise KeyboardInterrupt("planted")

        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt, match="planted"):
            patched.setattr(Checkpoint, "save", save_and_interrupt)
            train(config)
        with pytest.raises(InputError, match="found an interrupted one"):
            load(config.run)
        return RunFolder(config.run)

    def run(config: TrainConfig, *after: int) -> Path:
        whole = RunFolder(train(config))
        for epochs in after or (1,):
            stopped = interrupted(replace(config, run=f"{config.run}-{epochs}"), epochs)
            train(TrainConfig(run=str(stopped.path), resume=True))
            same_runs(stopped.path, whole.path)
        return whole.path

    return run


@pytest.fixture
def same_runs() -> Callable[[Path, Path], None]:
    """Compares the rows of two runs and the tensors of their last checkpoints, bit by bit."""
    from jetgen.files.checkpoint import Checkpoint
    from jetgen.runs.folder import RunFolder

    def rows(folder: RunFolder) -> list[dict]:
        return [{k: v for k, v in r.items() if k not in TIMED} for r in folder.read_metrics()]

    def compare(first: Path, second: Path) -> None:
        one, other = RunFolder(first), RunFolder(second)
        assert rows(one) == rows(other)
        found, expected = Checkpoint.load(one.last), Checkpoint.load(other.last)
        assert found.state["data"] == expected.state["data"]
        assert found.tensors.keys() == expected.tensors.keys()
        for name, tensor in expected.tensors.items():
            assert torch.equal(found.tensors[name], tensor), name

    return compare


@pytest.fixture
def kernel_device(monkeypatch: pytest.MonkeyPatch) -> torch.device:
    """The device whose tensors the Triton kernels take in this process; they are switched on."""
    pytest.importorskip("triton")
    interpreted = os.environ.get("TRITON_INTERPRET") == "1"
    if not interpreted and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device, or Triton's interpreter (TRITON_INTERPRET=1)")
    monkeypatch.setenv("JETGEN_KERNELS", "triton")
    return torch.device("cpu" if interpreted else "cuda")


@pytest.fixture
def passes_in_another_process() -> Callable[..., None]:
    """Runs tests in a process with further environment variables; none may fail or be skipped."""

    def run(*arguments: object, **environment: str) -> None:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, *map(str, arguments)],
            env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[1],
        )
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
        assert " passed" in done.stdout
        assert "skipped" not in done.stdout

    return run


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports and pages of findings have no figures, which take most of their time."""
    monkeypatch.setattr("jetgen.reports.report._drawn", lambda *arguments: iter(()))
    monkeypatch.setattr("jetgen.reports.findings_page.save_figure", lambda *drawn, **options: b"")


@pytest.fixture(scope="session")
def mutated():
    return mutated_bytes


SECONDS = 60.0
"""Processor time for the damaged files of one kind, of which a slow machine tries fewer."""


@pytest.fixture
def end_in_one_line(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Reads damaged copies of a file, which end well or with one line, for tests marked ``fuzz``.

    There are 300 copies, ``--fuzz-cases``, or with ``-m fuzz`` 5,000. None may take 30 seconds of
    processor time or 2 GB. Without ``-m fuzz`` a machine that needs longer than :data:`SECONDS`
    tries fewer, and says so: the test counts as skipped.
    """
    resource = pytest.importorskip("resource")
    alone = request.config.getoption("-m") == "fuzz"
    cases = request.config.getoption("--fuzz-cases") or (5000 if alone else 300)

    def most_memory() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def try_each(
        path: Path,
        change: Callable[[bytes, torch.Generator], bytes],
        read: Callable[[], object],
    ) -> None:
        from jetgen.errors import InputError

        data, start = path.read_bytes(), time.process_time()
        generator = torch.Generator().manual_seed(len(data))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for done in range(cases):
                if not alone and time.process_time() - start > SECONDS:
                    pytest.skip(f"slow machine: {done} of {cases} damaged files tried, all well")
                path.write_bytes(change(data, generator))
                began, before = time.process_time(), most_memory()
                try:
                    read()
                except InputError as error:
                    assert "\n" not in str(error)
                assert time.process_time() - began < 30
                assert most_memory() - before < 2e9

    return try_each


def mutated_bytes(data: bytes, generator: torch.Generator) -> bytes:
    """The bytes with some changed, cut out, or put in twice."""
    changed = bytearray(data)

    def draw(most: int) -> int:
        return int(torch.randint(max(most, 1), (1,), generator=generator))

    for _ in range(1 + draw(6)):
        place = draw(len(changed))
        match draw(4):
            case 0:
                changed[place : place + 1] = bytes([draw(256)])
            case 1:
                del changed[place : place + 1 + draw(40)]
            case 2:
                changed[place:place] = changed[place : place + draw(40)]
            case _:
                changed[place : place + 8] = bytes(draw(256) for _ in range(8))
    return bytes(changed)
