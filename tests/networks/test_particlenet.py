"""The published ParticleNet: batch norms folded in, padding as points."""

import torch
from torch import nn

from jetgen.networks.particlenet import ACTIVATIONS, WIDTHS, from_batch_normed


def plain_activations(state, points):
    """The definition, jet by jet, with batch norms as they are and all pairs at hand."""
    x, seen = points, points[:, :2]
    for i, width in enumerate(WIDTHS):
        distance = torch.cdist(seen, seen)
        distance.fill_diagonal_(torch.inf)
        index = distance.topk(16, largest=False).indices
        pairs = torch.cat([x.unsqueeze(1).expand(-1, 16, -1), x[index] - x.unsqueeze(1)], dim=-1)
        pairs = pairs.flatten(0, 1)
        for layer in range(3):
            name = f"edge_nets.{i}.model.{3 * layer}"
            pairs = pairs @ state[f"{name}.weight"].T + state[f"{name}.bias"]
            norm = nn.BatchNorm1d(width).eval()
            start = f"edge_nets.{i}.model.{3 * layer + 1}."
            norm.load_state_dict(
                {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
            )
            pairs = torch.relu(norm(pairs))
        seen = x = torch.cat([pairs.view(len(x), 16, width).mean(1), x], dim=1)
    return x.mean(0) @ state["fc1.0.weight"].T + state["fc1.0.bias"]


def test_folded_batch_norms_give_the_published_activations(particlenet_weights):
    state = particlenet_weights(1)
    points = torch.randn(3, 30, 3, generator=torch.Generator().manual_seed(2))
    points[1, 20:] = points[2, 5:] = torch.tensor([0.0, 0.0, -0.5])  # padding
    with torch.no_grad():
        found = from_batch_normed(state).activations(points)
        expected = torch.stack([plain_activations(state, jet) for jet in points])
    assert found.shape == (3, ACTIVATIONS)
    torch.testing.assert_close(found, expected, rtol=2e-3, atol=2e-3)
