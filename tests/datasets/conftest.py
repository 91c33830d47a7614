"""Small files in the published layouts, written without any of jetgen's own code."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import numpy as np
import pytest

PARTICLE_NAMES = [
    "j1_px", "j1_py", "j1_pz", "j1_e", "j1_erel", "j1_pt", "j1_ptrel", "j1_eta", "j1_etarel",
    "j1_etarot", "j1_phi", "j1_phirel", "j1_phirot", "j1_deltaR", "j1_costheta",
    "j1_costhetarel", "j1_pdgid",
]  # fmt: skip
JET_NAMES = [
    "j_ptfrac", "j_pt", "j_eta", "j_mass", "j_multiplicity", "j_g", "j_q", "j_w", "j_z", "j_t",
    "j_undef",
]  # fmt: skip

Maker = Callable[..., Path]


def ragged(rng: np.random.Generator, jets: int, slots: int) -> np.ndarray:
    """A mask with at least one particle a jet, packed to the front."""
    return np.arange(slots) < rng.integers(1, slots + 1, size=(jets, 1))


def falling_pt(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    return -np.sort(-rng.uniform(1.0, 50.0, mask.shape), axis=1) * mask


@pytest.fixture
def jetnet_file(tmp_path: Path) -> Maker:
    def make(name: str = "g.hdf5", jets: int = 20, slots: int = 30, seed: int = 0) -> Path:
        rng = np.random.default_rng(seed)
        mask = ragged(rng, jets, slots)
        pt = falling_pt(rng, mask)
        columns = [rng.normal(0, 0.1, mask.shape), rng.normal(0, 0.1, mask.shape), pt / 1000]
        particles = np.stack([*(c * mask for c in columns), mask], axis=-1)
        jet = [
            rng.uniform(800, 1600, jets), rng.normal(0, 1, jets),
            rng.uniform(50, 200, jets), mask.sum(1),
        ]  # fmt: skip
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            file["particle_features"] = particles.astype(np.float32)
            file["jet_features"] = np.stack(jet, axis=1).astype(np.float32)
        return path

    return make


@pytest.fixture
def hls4ml_file(tmp_path: Path) -> Maker:
    def make(
        name: str = "jetImage_0_100p_0_10000.h5",
        labels: str = "gqwzt",
        slots: int = 100,
        seed: int = 0,
        jet_names: list[str] = JET_NAMES,
        kind: type = np.float64,
    ) -> Path:
        """One jet for each letter of ``labels``; any other letter is a jet without a label."""
        rng = np.random.default_rng(seed)
        mask = ragged(rng, len(labels), slots)
        pt = falling_pt(rng, mask)
        eta, phi = rng.normal(0, 0.2, mask.shape), rng.normal(1, 0.2, mask.shape)
        p = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)])
        particles = np.zeros((*mask.shape, 16))
        for index, values in enumerate([*p, np.zeros_like(pt), pt]):
            particles[..., index] = values * mask
        total = (p * mask).sum(2)
        known = {
            "j_pt": np.hypot(total[0], total[1]),
            "j_eta": np.arcsinh(total[2] / np.hypot(total[0], total[1])),
            "j_mass": np.sqrt(np.maximum(total[3] ** 2 - (total[:3] ** 2).sum(0), 0)),
            "j_multiplicity": mask.sum(1),
            **{f"j_{letter}": [x == letter for x in labels] for letter in "gqwzt"},
        }
        jets = np.zeros((len(labels), len(jet_names)))
        for index, column in enumerate(jet_names):
            jets[:, index] = known.get(column, -7.0)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            file["jetConstituentList"] = particles.astype(kind)
            file["particleFeatureNames"] = np.array(PARTICLE_NAMES, dtype="S")
            file["jets"] = jets.astype(kind)
            file["jetFeatureNames"] = np.array(jet_names, dtype="S")
            file["jetImage"] = np.zeros((len(labels), 4, 4))
        return path

    return make


@pytest.fixture
def energyflow_file(tmp_path: Path) -> Maker:
    def make(
        name: str = "QG_jets.npz",
        jets: int = 12,
        slots: int = 17,
        seed: int = 0,
        packed: bool = True,
    ) -> Path:
        rng = np.random.default_rng(seed)
        mask = ragged(rng, jets, slots)
        columns = [
            falling_pt(rng, mask), rng.normal(0, 0.2, mask.shape),
            rng.uniform(0, 6, mask.shape), np.full(mask.shape, 211.0),
        ]  # fmt: skip
        path = tmp_path / name
        save = np.savez_compressed if packed else np.savez
        save(path, X=np.stack(columns, -1) * mask[..., None], y=np.arange(jets) % 3 // 2 * 1.0)
        return path

    return make


@pytest.fixture
def lhco_events() -> np.ndarray:
    """Six events of up to 700 particles in falling pT, zero padded, and labels."""
    rng = np.random.default_rng(3)
    mask = ragged(rng, 6, 700)
    columns = [falling_pt(rng, mask), rng.normal(0, 1, mask.shape), rng.uniform(-3, 3, mask.shape)]
    events = (np.stack(columns, axis=-1) * mask[..., None]).reshape(6, 2100)
    events = events.astype(np.float32).astype(np.float64)  # as precise as what is read
    return np.concatenate([events, rng.permutation([[0], [1], [0], [1], [0], [0]])], axis=1)


@pytest.fixture
def lhco_file(tmp_path: Path) -> Maker:
    def make(
        events: np.ndarray,
        name: str = "events.h5",
        layout: str = "fixed",
        labels: str | None = "float",
        compression: object = None,
    ) -> Path:
        """What pandas' ``to_hdf`` writes, as far as a reader needs it: ``events`` without its last
        column (labels ``None``), with it, or with it as a block of integers of its own."""
        split = {"float": [events], "int": [events[:, :-1], events[:, -1:].astype(int)]}
        blocks = (
            split[labels] if labels else [events[:, : 2100 if events.shape[1] > 2100 else None]]
        )
        packed = dict(compression) if isinstance(compression, Mapping) else {}
        packed |= {"compression": compression} if isinstance(compression, str) else {}
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            frame = file.create_group("df")
            frame.attrs["pandas_type"] = np.bytes_("frame" if layout == "fixed" else "frame_table")
            if layout == "fixed":
                for k, block in enumerate(blocks):
                    frame.create_dataset(f"block{k}_values", data=block, **packed)
            else:
                fields = [(f"values_block_{k}", b.dtype, b.shape[1:]) for k, b in enumerate(blocks)]
                rows = np.zeros(len(events), [("index", "i8"), *fields])
                for k, block in enumerate(blocks):
                    rows[f"values_block_{k}"] = block
                frame.create_dataset("table", data=rows, **packed)
        return path

    return make


@pytest.fixture(scope="module")
def truth() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Massive particles of some jets in every coordinate, padded with zeros, in GeV."""
    jets, slots = 40, 9
    rng = np.random.default_rng(5)
    mask = np.arange(slots) < rng.integers(2, slots + 1, (jets, 1))
    pt, eta = rng.uniform(1, 90, mask.shape), rng.normal(0, 1, mask.shape)
    phi, mass = rng.uniform(-3, 3, mask.shape), rng.uniform(0.1, 0.5, mask.shape)
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    energy = np.sqrt(px**2 + py**2 + pz**2 + mass**2)
    columns = {
        "px": px, "py": py, "pz": pz, "E": energy, "pt": pt, "eta": eta, "phi": phi, "mass": mass,
        "y": np.arctanh(pz / energy),
    }  # fmt: skip
    return mask, {name: np.where(mask, values, 0.0) for name, values in columns.items()}


@pytest.fixture
def top_tagging_file(tmp_path: Path) -> Maker:
    def make() -> tuple[Path, np.ndarray]:
        """Six events of five massless particles as Zenodo 2603256 has them, and their momenta."""
        rng = np.random.default_rng(2)
        heads = [f"{n}_{k}" for k in range(200) for n in ("E", "PX", "PY", "PZ")]
        heads += ["truthE", "truthPX", "truthPY", "truthPZ"]
        rows = np.zeros(
            6, [("index", "i8"), ("values_block_0", "f4", 804), ("values_block_1", "i8", 2)]
        )
        three = rng.normal(0, 20, (6, 5, 3))
        energy = np.linalg.norm(three, axis=-1, keepdims=True)
        rows["values_block_0"][:, :20] = np.concatenate([energy, three], axis=-1).reshape(6, 20)
        rows["values_block_1"][:, 1] = [1, 0, 1, 0, 0, 1]
        path = tmp_path / "train.h5"
        with h5py.File(path, "w") as file:
            group = file.create_group("table")
            group.attrs["pandas_type"] = np.bytes_("frame_table")
            table = group.create_dataset("table", data=rows)
            table.attrs["values_block_0_kind"] = np.bytes_(pickle.dumps(heads, 0))
            table.attrs["values_block_1_kind"] = np.bytes_(
                pickle.dumps(["ttv", "is_signal_new"], 0)
            )
        return path, three

    return make


@pytest.fixture
def aspen_file(tmp_path: Path, truth: tuple[np.ndarray, dict[str, np.ndarray]]) -> Maker:
    mask, values = truth

    def make() -> Path:
        path = tmp_path / "RunG_batch0.h5"
        candidates = np.zeros((*mask.shape, 11), "f4")
        for k, name in enumerate(("px", "py", "pz", "E")):
            candidates[..., k] = values[name]
        with h5py.File(path, "w") as file:
            file["PFCands"] = candidates
            file["jet_kinematics"] = np.tile(np.float32([400, 0.5, 1, 80]), (len(mask), 1))
            file["event_info"], file["jet_tagging"] = (
                np.zeros((len(mask), 4)),
                np.zeros((len(mask), 22)),
            )
        return path

    return make


@pytest.fixture
def omnilearn_file(tmp_path: Path, truth: tuple[np.ndarray, dict[str, np.ndarray]]) -> Maker:
    mask, values = truth

    def make(labels: str = "JetNet") -> Path:
        pt = 1000.0
        share = np.where(mask, values["pt"] / pt, 0)
        logs = [np.log(1 - share), np.log(np.where(mask, values["pt"], 1))]
        data = np.stack([values["eta"], values["phi"], *logs, *[np.zeros(mask.shape)] * 3], axis=-1)
        codes = np.arange(len(mask)) % 5
        kinds = {
            "JetNet": np.eye(5)[codes],
            "JetClass": np.eye(10)[8 - codes],
            "numbers": (codes == 2).astype(int),
        }
        path = tmp_path / "train_150.h5"
        with h5py.File(path, "w") as file:
            file["data"], file["pid"] = data, kinds[labels]
            file["jet"] = np.stack(
                [np.full(len(mask), pt), *np.ones((2, len(mask))), mask.sum(1)], axis=1
            )
        return path

    return make
