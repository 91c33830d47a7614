r"""Size and speed of compressed jets: learned codes beside zstd, float16 and blosc2.

The same items in the same process: features in single precision against the bytes of each
compressor, and MB of these a second (CPU time of the process, the quickest of three turns).
Rounding and residuals keep the errors that are given; float16 has the error that it has; codes
alone state none. The largest error is in units of the one that was given.

    jetgen study compression --quick; RUNS=runs/studies/compression-quick
    export OMP_NUM_THREADS=1
    python benchmarks/compression.py $RUNS/w-test.h5 --run $RUNS/momenta-w-*-1 \
        --max-error pt=0.5 eta=0.001 phi=0.001 mass=0.1
    python benchmarks/compression.py $RUNS/w-test.h5 --run $RUNS/constituents-w-*-1 \
        --max-error 0.1 --jets 1000 --output benchmarks/results/compression_constituents.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from measuring import RESULTS, write_rows

from jetgen.compression.coding import Coder
from jetgen.compression.compressors import costs
from jetgen.config.compress import CompressConfig
from jetgen.datasets import read
from jetgen.runs.trained_model import load


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", help="file with jets or sets")
    parser.add_argument("--run", required=True, nargs="+", help="trained autoencoders")
    parser.add_argument("--max-error", required=True, nargs="+", help="number or NAME=ERROR")
    parser.add_argument("--step", type=float, default=0.05, help="quantisation step of the codes")
    parser.add_argument("--jets", type=int, help="at most this number")
    parser.add_argument("--output", type=Path, default=RESULTS / "compression_momenta.csv")
    options = parser.parse_args()
    torch.set_num_threads(1)
    models = {Path(run).name: load(run) for run in options.run}
    model = next(iter(models.values()))
    features = [feature.name for feature in model.model.layout.features]
    sets = model.config.representation == "features"
    cloud = read(options.file, jets=options.jets, columns=features if sets else ())
    cloud = cloud[cloud.multiplicity <= model.config.particles]
    names = features if sets else ["px", "py", "pz"]
    errors = CompressConfig("", "", "", max_error=options.max_error).errors(names)
    found = costs(cloud, {t: Coder(m, options.step) for t, m in models.items()}, errors or {})
    rows: list[dict[str, object]] = [
        {
            "compressor": cost.title,
            "sets": cost.sets,
            "clock": "cpu",
            "bytes_per_set": round(cost.bytes_per_set, 2),
            "ratio": round(cost.ratio, 2),
            "mb_per_s_in": round(cost.pack_rate, 1),
            "mb_per_s_out": round(cost.unpack_rate, 1),
            "largest_error_over_stated": f"{cost.largest_error:.3g}",
        }
        for cost in found
    ]
    for row in rows:
        print(", ".join(f"{key} {value}" for key, value in row.items()))
    write_rows(options.output, rows)


if __name__ == "__main__":
    main()
