"""Every training objective: it trains, generates, resumes, and reaches all its parameters."""

import pytest
import torch

import jetgen
from jetgen.checkpoint import Checkpoint
from jetgen.config.train import TrainConfig
from jetgen.datasets import read
from jetgen.errors import InputError
from jetgen.objectives.autoencoder import Autoencoder
from jetgen.objectives.building import OBJECTIVES, build_objective
from jetgen.objectives.preparation import represent
from jetgen.run_folder import RunFolder
from jetgen.training import train

SMALL = {
    "particles": 12,
    "hidden": 16,
    "layers": 1,
    "latent": 4,
    "batch": 64,
    "epochs": 3,
    "projections": 8,
    "device": "cpu",
}

VARIANTS = {
    "ae": {"objective": "ae"},
    "vae with free bits": {"objective": "vae", "free_bits": 0.1},
    "wae": {"objective": "wae"},
    "wae rbf": {"objective": "wae", "mmd_kernel": "rbf"},
    "swae": {"objective": "swae"},
    "aae": {"objective": "aae"},
    "aae latent multiplicity": {"objective": "aae", "multiplicity": "latent"},
    "gan bce": {"objective": "gan", "queries": "noise", "amsgrad": True, "label_smoothing": 0.1},
    "gan lsgan": {"objective": "gan", "gan_loss": "lsgan", "average": 0.0},
    "gan hinge": {"objective": "gan", "gan_loss": "hinge"},
    "gan wgan-gp": {"objective": "gan", "gan_loss": "wgan-gp", "critic_steps": 2},
}


@pytest.fixture
def config(tmp_path, gaussian_file):
    def make(name="run", **options):
        run = str(tmp_path / name)
        return TrainConfig(**{**SMALL, "data": [str(gaussian_file)], "run": run, **options})

    return make


def test_every_objective_is_tested():
    assert {options["objective"] for options in VARIANTS.values()} == set(OBJECTIVES)


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_objective_trains_generates_and_resumes_to_the_same_numbers(config, monkeypatch, options):
    whole = train(config("whole", **options))
    model = jetgen.load(whole)
    jets = model.generate(30)
    assert len(jets) == 30 and torch.isfinite(jets.particles).all()
    if isinstance(model.model, Autoencoder):
        assert len(model.reconstruct(model.held_out())) == 60
    else:
        with pytest.raises(InputError, match="expected an autoencoder"):
            model.reconstruct(model.held_out())

    save = Checkpoint.save

    def interrupt(self, path):
        save(self, path)
        if path.name.startswith("last"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Checkpoint, "save", interrupt)
        train(config("stopped", **options))
    resumed = train(TrainConfig(run=config("stopped").run, resume=True))
    ours, theirs = (RunFolder(run).load_model().tensors for run in (resumed, whole))
    assert ours.keys() == theirs.keys()
    for key in theirs:
        assert torch.equal(ours[key], theirs[key]), key


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_every_parameter_of_every_player_receives_a_gradient(config, options):
    critic = options.get("gan_loss") in ("hinge", "wgan-gp")
    options = config(**options, label_noise=0.3)
    torch.manual_seed(1)
    jets = represent(read(options.data), options)
    model = build_objective(options, len(jets))
    model.fit_data(jets)
    generator = torch.Generator().manual_seed(1)
    for name, player in model.players().items():
        parameters = list(player.parameters)
        loss = model.loss(name, jets[:64], 1, generator)
        assert loss.total.shape == (64,)
        gradients = torch.autograd.grad(loss.total.mean(), parameters, allow_unused=True)
        silent = [p for p, g in zip(parameters, gradients, strict=True) if g is None or not g.any()]
        # the bias of a critic's output cancels in the difference of its means
        assert len(silent) <= (critic and name == "discriminator")
        assert all(parameter.shape == (1,) for parameter in silent)


def test_averaged_weights_generate_and_raw_weights_are_kept(config):
    run = train(config(objective="gan", average=0.9))
    checkpoint = RunFolder(run).load_model()
    raw, averaged = checkpoint.part("model"), checkpoint.part("average")
    assert averaged and averaged.keys() <= raw.keys()
    name = "generator.head.0.weight"
    assert not torch.equal(raw[name], averaged[name])
    assert torch.equal(jetgen.load(run).model.state_dict()[name], averaged[name])


def test_only_one_player_moves_at_its_turn(config, monkeypatch):
    from jetgen.objectives.gan import GAN

    monkeypatch.setattr(GAN, "turns", lambda self, step: ["discriminator"])
    options = config(objective="gan", epochs=1, average=0.0)
    weights = RunFolder(train(options)).load_model().part("model")
    torch.manual_seed(options.seed)
    first = build_objective(options, 280).state_dict()
    moved = {key for key in first if not torch.equal(first[key], weights[key])}
    assert not any(key.startswith("generator.") for key in moved)
    assert any(key.startswith("discriminator.") for key in moved)


def test_gradient_penalty_is_masked_and_that_of_a_linear_critic_is_exact(config):
    model = build_objective(config(objective="gan", gan_loss="wgan-gp"), 10)
    slope = torch.tensor([3.0, 4.0, 0.0])

    class Linear(torch.nn.Module):
        def forward(self, particles, mask, context):
            return (particles @ slope).sum(1, keepdim=True)  # padding is seen on purpose

    model.discriminator = Linear()
    mask = torch.arange(5) < torch.tensor([[0], [1], [4]])
    real, made = torch.randn(2, 3, 5, 3, generator=torch.Generator().manual_seed(1))
    penalty = model.gradient_penalty(real, made, mask, torch.zeros(3, 3), torch.Generator())
    torch.testing.assert_close(penalty, torch.tensor([1.0, (5 - 1.0) ** 2, (10 - 1.0) ** 2]))


@pytest.mark.parametrize(
    "options",
    [
        {"objective": "wae", "multiplicity": "latent"},
        {"objective": "aae", "prior": "flow", "prior_training": "joint"},
        {"objective": "gan", "prior": "flow"},
        {"objective": "gan", "gan_loss": "wgan-gp", "encoder": "edgeconv"},
        {"average": 1.0},
        {"free_bits": 0.1, "prior": "flow", "prior_training": "joint"},
    ],
)
def test_options_that_do_not_go_together_are_refused(options):
    with pytest.raises(InputError, match="expected"):
        TrainConfig(**options)
