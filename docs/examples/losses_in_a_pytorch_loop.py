"""jetgen's losses in a PyTorch training of your own: no run, no configuration.

python losses_in_a_pytorch_loop.py data/gluon.h5            # minutes
python losses_in_a_pytorch_loop.py data/gluon.h5 --tiny     # seconds
"""

import argparse

import torch
from torch import Tensor, nn

import jetgen
from jetgen.losses import chamfer, mass_difference
from jetgen.metrics import relative_mass, wasserstein
from jetgen.physics import to_relative

PARTICLES, LATENT = 30, 16


class Autoencoder(nn.Module):
    """Sum over particles of a network, a code, and a network that makes all particles at once."""

    def __init__(self) -> None:
        super().__init__()
        self.particle = nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 64))
        self.encode = nn.Linear(64, LATENT)
        self.decode = nn.Sequential(
            nn.Linear(LATENT, 256), nn.ReLU(), nn.Linear(256, 3 * PARTICLES)
        )

    def forward(self, particles: Tensor, mask: Tensor) -> Tensor:
        embedded = self.particle(particles) * mask.unsqueeze(2)
        made = self.decode(self.encode(embedded.sum(1))).reshape(-1, PARTICLES, 3)
        angles, momenta = made[..., :2], nn.functional.softplus(made[..., 2:])
        return torch.cat([angles, momenta / PARTICLES], dim=2)  # etarel, phirel, ptrel


def main(data: str, tiny: bool) -> None:
    torch.manual_seed(1)
    jets = to_relative(jetgen.read(data, jets=500 if tiny else None, particles=PARTICLES))
    particles, mask = jets.particles.float(), jets.mask  # (B, 30, 3) and (B, 30)
    model = Autoencoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

    for epoch in range(2 if tiny else 20):
        for batch in torch.randperm(len(jets)).split(100):
            real, present = particles[batch], mask[batch]
            made = model(real, present)
            # one value per jet each; padded slots count in neither
            distance = chamfer(made, present, real, present)
            mass = mass_difference(made * present.unsqueeze(2), real, kind="absolute")
            loss = (distance + mass).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}")

    with torch.no_grad():
        made = model(particles, mask) * mask.unsqueeze(2)
    masses = relative_mass(jets), relative_mass(made)
    print(f"1-Wasserstein distance of mass / pT: {wasserstein(*masses):.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data", help="file with jets")
    parser.add_argument("--tiny", action="store_true", help="few jets and epochs")
    arguments = parser.parse_args()
    main(arguments.data, arguments.tiny)
