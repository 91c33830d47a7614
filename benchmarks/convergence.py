"""Draw the loss and the figures of --monitor against the steps of the training.

    python benchmarks/convergence.py runs/flow runs/flow-optimal

writes docs/images/convergence.png. The runs must have been trained with --monitor, and have made
jets after each epoch (flow matching and adversarial networks).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib.pyplot as plt

from jetgen.runs.folder import RunFolder

PAGE = Path(__file__).parents[1] / "docs" / "images" / "convergence.png"
LOSS = "validation_total"
PREFIX = "monitor_"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs with --monitor")
    runs = {path.name: RunFolder(path).read_metrics() for path in parser.parse_args().runs}
    monitored = {name for rows in runs.values() for row in rows for name in row}
    columns = [LOSS, *sorted(name for name in monitored if name.startswith(PREFIX))]
    figure, panels = plt.subplots(
        1, len(columns), figsize=(3.2 * len(columns), 3), layout="constrained"
    )
    for axes, column in zip(panels, columns, strict=True):
        for name, rows in runs.items():
            known = [row for row in rows if row.get(column)]
            steps = [int(row["step"]) for row in known]
            axes.plot(steps, [float(row[column]) for row in known], ".-", label=name)
        title = "validation loss" if column == LOSS else column.removeprefix(PREFIX).upper()
        axes.set(title=title, xlabel="steps", ylim=(0, None))
    panels[0].legend()
    figure.savefig(PAGE, dpi=90)
    print(PAGE)


if __name__ == "__main__":
    main()
