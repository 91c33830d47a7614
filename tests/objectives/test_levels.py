"""Discrete columns: found in the data, one-hot for networks, and exact in what is generated."""

import json

import pytest
import torch

from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError
from jetgen.objectives.building import build_objective
from jetgen.objectives.layout import Layout
from jetgen.objectives.levels import DiscreteColumns, find_levels

NAMES = ("x", "wall=a", "wall=b", "n", "power", "shot", "constant")


def entries(rows=600, seed=3):
    """Numbers, a category, few integers, zero among numbers, many integers, a constant."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, generator=generator)
    category = (torch.rand(rows, generator=generator) < 0.4).float()
    n = (2 + x.sign() + torch.randint(0, 3, (rows,), generator=generator)).float()
    power = torch.where(torch.rand(rows, generator=generator) < 0.3, 0.0, x.exp())
    shot = torch.randint(70_000, 90_000, (rows,), generator=generator).float()
    values = torch.stack([x, category, 1 - category, n, power, shot, torch.full((rows,), 0.1)], 1)
    mask = torch.ones(rows, 1, dtype=torch.bool)
    return ParticleCloud(values.unsqueeze(1), mask, tuple(Feature(name) for name in NAMES))


def test_discrete_columns_are_found():
    found = {levels.columns: levels for levels in find_levels(entries(), ["auto"], [])}
    assert set(found) == {("wall=a", "wall=b"), ("n",), ("power",), ("shot",)}
    assert found["wall=a", "wall=b"].values == ((1.0, 0.0), (0.0, 1.0))
    assert [value for (value,) in found[("n",)].values] == [1, 2, 3, 4, 5]
    assert found[("power",)].values == ((0.0,),) and found[("power",)].rest
    assert not found[("power",)].whole
    assert found[("shot",)].values == () and found[("shot",)].whole


def test_a_choice_or_a_transform_decides_which_columns_are_discrete():
    assert find_levels(entries(), ["none"], []) == ()
    assert {levels.columns for levels in find_levels(entries(), ["auto"], ["n", "shot"])} == {
        ("wall=a", "wall=b"),
        ("power",),
    }
    named = find_levels(entries(), ["n"], ["n"])
    assert ("n",) in {levels.columns for levels in named}
    assert ("power",) not in {levels.columns for levels in named}
    with pytest.raises(InputError, match=r"discrete: expected auto, none or columns among .*'m'"):
        find_levels(entries(), ["m"], [])
    with pytest.raises(InputError, match=r"discrete: expected columns with 2 to 200 .*x with 600"):
        find_levels(entries(), ["x"], [])


def test_features_without_overlap_are_no_category():
    cloud = entries(50)
    both = cloud.particles.clone()
    both[0, 0, 1:3] = 1
    found = find_levels(cloud.replace(particles=both), ["auto"], [])
    assert ("wall=a", "wall=b") not in {levels.columns for levels in found}


def test_there_and_back_is_exact_for_levels():
    cloud = entries()
    discrete = DiscreteColumns(cloud.features, find_levels(cloud, ["auto"], []))
    columns = cloud.particles
    made = discrete.expand(columns, columns)
    assert made.shape[-1] == discrete.width == len(discrete.names)
    back = discrete.collapse(made, discrete.numbers(made, len(NAMES)))
    assert torch.equal(back, columns)
    noisy = discrete.collapse(made + 0.3 * torch.rand_like(made), discrete.numbers(made, 7) + 0.2)
    for name in ("wall=a", "wall=b", "n"):
        assert torch.equal(noisy[..., NAMES.index(name)], cloud.feature(name))
    assert torch.equal(noisy[..., 4] == 0, cloud.feature("power") == 0)
    assert bool((noisy[..., 5] == noisy[..., 5].round()).all())


def test_drawn_levels_have_their_probabilities_and_a_gradient():
    cloud = entries()
    discrete = DiscreteColumns(cloud.features, find_levels(cloud, ["auto"], []))
    logits = torch.linspace(-1, 1, discrete.width).repeat(40_000, 1).requires_grad_()
    probabilities = discrete.probabilities(logits)
    drawn = discrete.draw(probabilities, torch.Generator().manual_seed(1))
    place = discrete.blocks[1]  # of n
    vectors = drawn[:, place].detach().round(decimals=4)
    assert bool((vectors.sum(1) == 1).all()) and vectors.unique().tolist() == [0, 1]
    torch.testing.assert_close(vectors.mean(0), probabilities[0, place].detach(), atol=0.01, rtol=0)
    drawn[:, place.start].sum().backward()
    assert float(logits.grad.abs().sum()) > 0


def test_layouts_keep_their_levels():
    config = TrainConfig(representation="features")
    layout = Layout.of(entries(), config)
    assert Layout.from_description(json.loads(json.dumps(layout.description()))) == layout
    without = {k: v for k, v in layout.description().items() if k != "levels"}
    assert Layout.from_description(without).levels == ()


@pytest.mark.parametrize(
    "options",
    [
        {"objective": "vae", "loss": "mse"},
        {"objective": "vae", "likelihood_weight": 1.0, "likelihood": "one-to-one"},
        {"objective": "ae", "loss": "emd"},
        {"objective": "gan"},
        {"objective": "flow-matching", "decoder": "deepsets", "solver_steps": 2},
    ],
)
def test_every_objective_generates_levels_and_has_a_finite_gradient(options):
    cloud = entries()
    small = {"hidden": 8, "layers": 2, "latent": 3, "flow_hidden": 8, "flow_transforms": 1}
    networks = {"encoder": "dense", "decoder": "dense"}
    config = TrainConfig(representation="features", particles=1, **small, **(networks | options))
    model = build_objective(config, Layout.of(cloud, config))
    model.fit_data(cloud)
    generator = torch.Generator().manual_seed(1)
    made = model.sample(model.draw(300, generator), generator)
    known = find_levels(cloud, ["auto"], [])
    for levels in known:
        values = torch.stack([made.feature(name)[:, 0] for name in levels.columns], 1)
        table = torch.tensor(levels.values).reshape(-1, len(levels.columns))
        if levels.rest:
            assert not levels.whole or bool((values == values.round()).all())
        else:
            assert bool((values.unsqueeze(1) == table).all(2).any(1).all())
    for player in model.players():
        loss = model.loss(player, cloud[:50], 1, generator)
        loss.total.mean().backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert gradients and all(bool(gradient.isfinite().all()) for gradient in gradients)
