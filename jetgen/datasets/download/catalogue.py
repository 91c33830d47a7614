"""The public data sets of ``jetgen fetch``, and the Zenodo records that contain them."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.errors import InputError, did_you_mean, some

KNOWN_MD5 = {
    "QG_jets.npz": "f5d052f10a79c6e8b9382637aca0ef52",
    "QG_jets_1.npz": "f6a1081c76a47386bc11abcf0e499552",
    "QG_jets_2.npz": "2628367c57ba598f4473c870d1381041",
    "QG_jets_withbc_0.npz": "e9ac4044a07f56a919a96e2b30c15fed",
    "QG_jets_herwig_0.npz": "a9de310c35c5a83ea592ef93070ff2f3",
}
"""Checksums published with the data; the others are requested from the record."""


@dataclass(frozen=True)
class Published:
    """One published file: its Zenodo record, and its name in the record."""

    record: int
    file: str

    @property
    def md5(self) -> str | None:
        return KNOWN_MD5.get(self.file)

    def url(self, server: str) -> str:
        return f"{server}/records/{self.record}/files/{self.file}"


def catalogue() -> dict[str, Published]:
    """Every data set by its name in ``jetgen fetch``."""
    known = {}
    for letter in "gqtwz":
        known[f"jetnet30-{letter}"] = Published(6975118, f"{letter}.hdf5")
        known[f"jetnet150-{letter}"] = Published(6975117, f"{letter}150.hdf5")
    for slots, record in ((100, 3602254), (150, 3602260)):
        for part in ("train", "val"):
            file = f"hls4ml_LHCjet_{slots}p_{part}.tar.gz"
            known[f"hls4ml{slots}-{part}"] = Published(record, file)
    for generator, record, stem in (
        ("pythia", 3164691, "QG_jets"),
        ("herwig", 3066475, "QG_jets_herwig"),
    ):
        for number in range(20):
            # The name of the first file has no number.
            file = f"{stem}_{number}.npz" if number or generator == "herwig" else f"{stem}.npz"
            known[f"qg-{generator}-{number}"] = Published(record, file)
            heavy = f"{stem}_withbc_{number}.npz"
            known[f"qg-{generator}-withbc-{number}"] = Published(record, heavy)
    known["lhco-rd"] = Published(4536377, "events_anomalydetection.h5")
    known["lhco-rd-v2"] = Published(6466204, "events_anomalydetection_v2.h5")
    known["lhco-rd-qqq"] = Published(6466204, "events_anomalydetection_Z_XY_qqq.h5")
    for number in (1, 2, 3):
        file = f"events_LHCO2020_BlackBox{number}.h5"
        known[f"lhco-blackbox{number}"] = Published(4536624, file)
    return known


def find(name: str) -> Published:
    """The data set of this name.

    Raises:
        InputError: for an unknown name; the message lists the known ones.
    """
    known = catalogue()
    if name not in known:
        raise InputError(
            f"data set {name!r}: expected one of {some(known)}"
            f"{did_you_mean(name, known)}; docs/fetch.md lists them"
        )
    return known[name]
