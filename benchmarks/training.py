"""Jets a second of every network in training and in generation, beside plain torch.

A training step is encoder and decoder of one architecture, forward and backward (of edgeconv,
which has no decoder, the encoder); generation is the decoder alone. Widths and numbers of
layers are those of ``jetgen train``; all slots hold particles. The MPGAN generator has its
published shape, written plainly: all pairs of particles side by side in one tensor; it gets as
many jets a turn as the others at 30 particles, and fewer beyond, where its pairs fill the memory.
The second peer is the edgeconv encoder with torch_geometric's layers in place of its own, and
once more with torch-scatter, where that is installed.

Every network takes its turn in every round; a ratio is of two turns of one round, and the
median over the rounds counts. The CPU time of the process is the clock by default (on a machine
shared with others wall time says little; ``--clock wall`` on a free one or on a GPU).

    python benchmarks/training.py
    python benchmarks/training.py --threads 2 --clock wall

Reference:
    Particle Cloud Generation with Message Passing Generative Adversarial Networks (Kansal et
    al., 2021), arXiv:2106.11535.
"""

from __future__ import annotations

import argparse
import math
import statistics
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch
from measuring import RESULTS, Work, seconds, write_rows
from scatter import INSTALLED, with_scatter
from torch import Tensor, nn

from jetgen.config.train import TrainConfig
from jetgen.networks.building import build_decoder, build_encoder

NETWORKS = (
    "dense",
    "conv",
    "pyramid",
    "deepsets",
    "epic",
    "attention",
    "message-passing",
    "transformer",
)
MPGAN, PYG = "MPGAN generator", "edgeconv of torch_geometric"
SCATTER = f"{PYG} with torch-scatter"
FEATURES, CONTEXT = 3, 3
BAR = 40
"""Times the rate of the MPGAN generator at 30 particles that one pass should reach."""


class Turn(NamedTuple):
    """Work on this number of jets."""

    jets: int
    work: Work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--particles", type=int, nargs="+", default=[30, 100, 150])
    parser.add_argument("--slots", type=int, default=6000, help="particles a turn")
    parser.add_argument("--pairs", type=int, default=180_000, help="pairs a turn of MPGAN's")
    parser.add_argument("--hidden", type=int, default=TrainConfig.hidden, help="width of ours")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=("cpu", "wall"), default="cpu")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, default=RESULTS / "training.csv")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if not INSTALLED:
        print(f"torch-scatter is not installed: no rows for {SCATTER}")
    rows = [
        row
        for use, turns in (("training", training), ("generation", generation))
        for particles in options.particles
        for row in measure(use, turns(particles, options), particles, options)
    ]
    print_growth(rows)
    write_rows(options.output, rows)


def measure(
    use: str, turns: dict[str, Turn], particles: int, options: argparse.Namespace
) -> list[dict[str, object]]:
    """A row for each network: its rate, and ratios to the peers' rates in the same round."""
    rates: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(1 + options.rounds):
        for name, turn in turns.items():
            rates[name].append(turn.jets / seconds(turn.work, options.clock))
    rates = {name: values[1:] for name, values in rates.items()}  # the first round warms up
    rows = []
    for name, values in rates.items():
        peer = PYG if name in ("edgeconv", SCATTER) else MPGAN
        ratios = sorted(a / b for a, b in zip(values, rates[peer], strict=True))
        row: dict[str, object] = {
            "use": use,
            "particles": particles,
            "network": name,
            "jets_per_second": float(f"{statistics.median(values):.3g}"),
            "peer": peer,
            "ratio": round(statistics.median(ratios), 2),
            "ratio_lowest": round(ratios[0], 2),
            "ratio_highest": round(ratios[-1], 2),
            "hidden": options.hidden,
            "threads": options.threads,
            "clock": options.clock,
            "device": options.device,
        }
        rows.append(row)
        verdict = ""
        if use == "generation" and particles == 30 and name != MPGAN:
            verdict = f" (bar of {BAR} {'reached' if row['ratio'] >= BAR else 'MISSED'})"
        print(
            f"{use:10}  N = {particles:3}  {name:46} {row['jets_per_second']:10,.0f} jets/s  "
            f"{row['ratio']:8} x {peer}{verdict}",
            flush=True,
        )
    return rows


def print_growth(rows: list[dict[str, object]]) -> None:
    """How the time of a jet grows from the smallest to the largest number of particles."""
    for use in ("training", "generation"):
        for name in dict.fromkeys(row["network"] for row in rows if row["use"] == use):
            of = [row for row in rows if (row["use"], row["network"]) == (use, name)]
            first, last = of[0], of[-1]
            if first is last:
                continue
            times = first["jets_per_second"] / last["jets_per_second"]
            power = math.log(times) / math.log(last["particles"] / first["particles"])
            span = f"{first['particles']} to {last['particles']}"
            print(f"{use:10}  {name:46} time from N = {span}: {times:.1f} x, about N^{power:.1f}")


def training(particles: int, options: argparse.Namespace) -> dict[str, Turn]:
    """Forward and backward passes of all networks."""
    jets = max(1, options.slots // particles)
    seen = torch.randn(jets, particles, FEATURES, device=options.device)
    mask, context = conditions(jets, particles, options)

    def step(encoder: nn.Module, decoder: nn.Module | None, latent: int) -> Turn:
        def work() -> None:
            result = encoder(seen, mask, context)
            if decoder is not None:
                result = decoder(result[:, :latent], mask, context)
            result.square().mean().backward()
            finish(options)

        return Turn(jets, work)

    turns = {}
    for name in NETWORKS:
        config = TrainConfig(particles=particles, hidden=options.hidden, encoder=name, decoder=name)
        decoder = build_decoder(config, FEATURES, CONTEXT).to(options.device)
        turns[name] = step(encoder_of(config, options), decoder, config.latent)
    for name, backend in (("edgeconv", "dense"), (PYG, "pyg")):
        config = TrainConfig(
            particles=particles, hidden=options.hidden, encoder="edgeconv", edgeconv_backend=backend
        )
        turns[name] = step(encoder_of(config, options), None, config.latent)
    ragged = turns[PYG]
    turns[PYG] = Turn(ragged.jets, with_scatter(ragged.work, False))
    if INSTALLED:
        turns[SCATTER] = Turn(ragged.jets, with_scatter(ragged.work, True))
    generator, noise = mpgan(particles, options)

    def peer() -> None:
        generator(noise).square().mean().backward()
        finish(options)

    return {**turns, MPGAN: Turn(len(noise), peer)}


def generation(particles: int, options: argparse.Namespace) -> dict[str, Turn]:
    """Passes of all decoders, without gradients."""
    jets = max(1, options.slots // particles)
    mask, context = conditions(jets, particles, options)

    def one_pass(network: nn.Module, *inputs: Tensor) -> Turn:
        @torch.inference_mode()
        def work() -> None:
            network(*inputs)
            finish(options)

        return Turn(len(inputs[0]), work)

    turns = {}
    for name in NETWORKS:
        config = TrainConfig(particles=particles, hidden=options.hidden, decoder=name)
        z = torch.randn(jets, config.latent, device=options.device)
        decoder = build_decoder(config, FEATURES, CONTEXT).to(options.device)
        turns[name] = one_pass(decoder, z, mask, context)
    return {**turns, MPGAN: one_pass(*mpgan(particles, options))}


def encoder_of(config: TrainConfig, options: argparse.Namespace) -> nn.Module:
    return build_encoder(config, FEATURES, CONTEXT, 2 * config.latent).to(options.device)


def conditions(jets: int, particles: int, options: argparse.Namespace) -> tuple[Tensor, Tensor]:
    """A full mask and some context."""
    mask = torch.ones(jets, particles, dtype=torch.bool, device=options.device)
    return mask, torch.randn(jets, CONTEXT, device=options.device)


def finish(options: argparse.Namespace) -> None:
    if options.device != "cpu":
        torch.cuda.synchronize()


def mpgan(particles: int, options: argparse.Namespace) -> tuple[nn.Module, Tensor]:
    """MPGAN's generator and the noise of as many jets as the pairs of a turn allow."""
    jets = max(1, options.pairs // particles**2)
    generator = MessagePassingGenerator().to(options.device)
    noise = torch.randn(jets, particles, MessagePassingGenerator.width, device=options.device)
    return generator, noise


class PlainMessagePassing(nn.Module):
    """One layer of MPGAN: messages over all pairs, summed, and a network of every particle."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.edges = leaky(2 * inputs + 1, 96, 160, 192)
        self.nodes = nn.Sequential(*leaky(192 + inputs, 256, 256), nn.Linear(256, outputs))

    def forward(self, h: Tensor) -> Tensor:
        pairs = (*h.shape[:2], h.shape[1], h.shape[2])
        receiver, sender = h.unsqueeze(2).expand(pairs), h.unsqueeze(1).expand(pairs)
        distance = (receiver - sender).square().sum(-1, keepdim=True).add(1e-12).sqrt()
        messages = self.edges(torch.cat([receiver, sender, distance], dim=-1)).sum(2)
        return self.nodes(torch.cat([h, messages], dim=-1))


class MessagePassingGenerator(nn.Module):
    """MPGAN's generator: a normal vector a particle through two layers of message passing."""

    width = 32

    def __init__(self) -> None:
        super().__init__()
        self.first = PlainMessagePassing(self.width, self.width)
        self.second = PlainMessagePassing(self.width, FEATURES)

    def forward(self, noise: Tensor) -> Tensor:
        return torch.tanh(self.second(nn.functional.leaky_relu(self.first(noise), 0.2)))


def leaky(*widths: int) -> nn.Sequential:
    """Linear layers of these widths, a leaky ReLU after each."""
    pairs = pairwise(widths)
    return nn.Sequential(*(m for a, b in pairs for m in (nn.Linear(a, b), nn.LeakyReLU(0.2))))


if __name__ == "__main__":
    main()
