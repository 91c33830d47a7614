"""Start the processes of a training, through Lightning Fabric."""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from typing import Literal

from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy

from jetgen.config.option import require
from jetgen.config.train import TrainConfig
from jetgen.runs.device import choose_device

PATIENCE = timedelta(days=1)
"""How long processes wait for the slowest, for example while the first one measures jets."""

BACKENDS = {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}
"""By device; what is agreed on the CPU, such as when to stop, does not wait for a GPU."""


def launch(config: TrainConfig) -> Fabric:
    """The Fabric that trains, in each of the processes that the options ask for.

    Processes that torchrun or srun started join; otherwise Fabric starts this program again for
    every further device.

    Raises:
        InputError: when torchrun started other numbers of processes than the options say.
    """
    device = choose_device(config.device)
    devices, nodes = _numbers(config)
    require(
        config.batch >= devices * nodes,
        "batch",
        f"at least one jet for each of the {devices * nodes} processes",
        config.batch,
    )
    precise = device == "cpu" if config.precision is None else config.precision == "32"
    precision: Literal["32-true", "bf16-mixed"] = "32-true" if precise else "bf16-mixed"
    strategy = (
        "auto"
        if devices * nodes == 1
        else DDPStrategy(process_group_backend=BACKENDS[device], timeout=PATIENCE)
    )
    logger = logging.getLogger("lightning_fabric")
    level = logger.level
    logger.setLevel(logging.WARNING)  # no banner
    try:
        fabric = Fabric(
            accelerator=device,
            devices=devices,
            num_nodes=nodes,
            strategy=strategy,
            precision=precision,
        )
        if devices * nodes > 1:
            fabric.launch()
    finally:
        logger.setLevel(level)
    return fabric


def _numbers(config: TrainConfig) -> tuple[int, int]:
    """Processes per machine, and machines."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return config.devices or 1, config.nodes or 1
    devices = int(os.environ["LOCAL_WORLD_SIZE"])
    nodes = int(os.environ["WORLD_SIZE"]) // devices
    for name, started in (("devices", devices), ("nodes", nodes)):
        given = getattr(config, name)
        require(given in (None, started), name, f"{started}, as torchrun started", given)
    return devices, nodes
