"""Every training objective: it trains, generates, resumes, and reaches all its parameters."""

import math
from dataclasses import replace

import pytest
import torch

import jetgen
from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.components import OBJECTIVES
from jetgen.config.generate import GenerateConfig
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets import read
from jetgen.errors import InputError, TrainingError
from jetgen.generation.command import generated, loaded
from jetgen.objectives.adversary import dead_discriminator
from jetgen.objectives.autoencoder import Autoencoder
from jetgen.objectives.building import build_objective
from jetgen.objectives.closeness import closeness
from jetgen.objectives.jet_summary import JetSummary
from jetgen.objectives.layout import Layout
from jetgen.objectives.multiplicity import distinct_particles, hard_particles
from jetgen.objectives.preparation import represent
from jetgen.physics.fourvectors import JET_KINEMATICS, to_relative
from jetgen.runs.folder import RunFolder
from jetgen.testing import check_objective
from jetgen.training.command import train

SMALL = preset("classic") | {
    "particles": 12,
    "hidden": 16,
    "layers": 1,
    "latent": 4,
    "batch": 140,
    "epochs": 2,
    "projections": 8,
    "device": "cpu",
}

RELATIVE_LAYOUT = Layout(280, RELATIVE, JET_KINEMATICS[:2])
JOINT = {"prior_training": "joint", "flow_transforms": 2, "flow_hidden": 16}

VARIANTS = {
    "ae": {"objective": "ae"},
    "vae with free bits": {"objective": "vae", "free_bits": 0.1},
    "vae with two divergences": {"objective": "vae", "objective_option": ["condition_kl=0.5"]},
    "wae": {"objective": "wae"},
    "wae rbf": {"objective": "wae", "mmd_kernel": "rbf"},
    "wae with discrete codes": {"objective": "wae", "code_step": 0.5},
    "swae": {"objective": "swae"},
    "aae": {"objective": "aae", "discriminator_layers": 3, "discriminator_hidden": 5},
    "aae latent multiplicity": {"objective": "aae", "multiplicity": "latent"},
    "aae mixture": {"objective": "aae", "prior": "mixture", "components": 3},
    "wae discrete": {"objective": "wae", "prior": "discrete", "components": 3},
    "vae mixture": {"objective": "vae", "prior": "mixture"},
    "ae flow matching joint": {"objective": "ae", "prior": "flow-matching", **JOINT},
    "aae flow joint": {"objective": "aae", "prior": "flow", **JOINT},
    "vae flow matching after": {"prior": "flow-matching", "prior_epochs": 2, "solver_steps": 2},
    "gan bce": {"objective": "gan", "queries": "noise", "amsgrad": True, "label_smoothing": 0.1},
    "gan lsgan": {
        "objective": "gan",
        "gan_loss": "lsgan",
        "average": 0.0,
        "objective_option": ["fake_label_noise=false"],
        "optimiser": "rmsprop",
        "discriminator_hidden": 5,
        "decoder_layers": 1,
    },
    "gan hinge": {"objective": "gan", "gan_loss": "hinge"},
    "flow matching": {"objective": "flow-matching", "solver_steps": 3},
    "flow matching rk4": {
        "objective": "flow-matching",
        "solver": "rk4",
        "solver_steps": 2,
        "decoder": "epic",
    },
    "gan wgan-gp": {"objective": "gan", "gan_loss": "wgan-gp", "critic_steps": 2},
}


@pytest.fixture
def config(tmp_path, gaussian_file):
    def make(name="run", **options):
        run = str(tmp_path / name)
        return TrainConfig(**{**SMALL, "data": [str(gaussian_file)], "run": run, **options})

    return make


def test_every_objective_is_tested():
    tested = {options.get("objective", "vae") for options in VARIANTS.values()}
    assert tested == set(OBJECTIVES) - {"distillation"}  # has a teacher: tests/distillation


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.device
def test_objective_trains_generates_and_resumes_to_the_same_numbers(
    config, trained_and_resumed, options
):
    model = jetgen.load(trained_and_resumed(config(**options)))
    jets = model.generate(30)
    assert len(jets) == 30 and torch.isfinite(jets.particles).all()
    if isinstance(model.model, Autoencoder):
        assert len(model.reconstruct(model.held_out())) == 60
    else:
        with pytest.raises(InputError, match="expected an autoencoder"):
            model.reconstruct(model.held_out())
        with pytest.raises(InputError, match="prior: expected none"):
            model.generate(5, prior="gaussian")


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_objective_in_the_precision_of_cuda_devices(config, options):
    run = RunFolder(train(config(**{**options, "epochs": 1, "precision": "bf16"})))
    losses = [row["validation_total"] for row in run.read_metrics() if row["validation_total"]]
    assert losses and all(math.isfinite(float(loss)) for loss in losses)


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_objective_keeps_the_laws(options):
    objective = OBJECTIVES[options.get("objective", "vae")]
    check_objective(objective, **options, label_noise=0.3)


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
    first = build_objective(options, RELATIVE_LAYOUT).state_dict()
    moved = {key for key in first if not torch.equal(first[key], weights[key])}
    assert not any(key.startswith("generator.") for key in moved)
    assert any(key.startswith("discriminator.") for key in moved)


def test_gradient_penalty_is_masked_and_that_of_a_linear_critic_is_exact(config):
    model = build_objective(config(objective="gan", gan_loss="wgan-gp"), RELATIVE_LAYOUT)
    slope = torch.tensor([3.0, 4.0, 0.0])

    class Linear(torch.nn.Module):
        def forward(self, particles, mask, context):
            return (particles @ slope).sum(1, keepdim=True)  # padding is seen on purpose

    model.discriminator = Linear()
    mask = torch.arange(5) < torch.tensor([[0], [1], [4]])
    real, made = torch.randn(2, 3, 5, 3, generator=torch.Generator().manual_seed(1))
    jets = ParticleCloud(real, mask, RELATIVE)
    penalty = model.gradient_penalty(real, made, jets, torch.zeros(3, 3), torch.Generator())
    torch.testing.assert_close(penalty, torch.tensor([1.0, (5 - 1.0) ** 2, (10 - 1.0) ** 2]))


def test_jet_summary_is_standardised_and_blind_to_order_scale_and_padding(toy_jets):
    jets = to_relative(toy_jets(300, 1))
    summary = JetSummary()
    summary.fit(jets)
    columns = summary(jets)
    torch.testing.assert_close(columns.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(columns.std(0, correction=0), torch.ones(3))
    order = torch.randperm(30, generator=torch.Generator().manual_seed(1))
    scale = torch.tensor([1.0, 1.0, 7.0])
    moved = replace(jets, particles=(jets.particles * scale)[:, order], mask=jets.mask[:, order])
    torch.testing.assert_close(summary(moved), columns, atol=1e-4, rtol=1e-4)
    few = replace(jets[:2], mask=torch.arange(30) < torch.tensor([[0], [1]]))
    particles = few.particles.where(few.mask.unsqueeze(2), 0.0).requires_grad_()
    summary(replace(few, particles=particles)).sum().backward()
    assert torch.isfinite(particles.grad).all()


def test_flow_matching_learns_zero_velocity_for_padding_and_counts_its_evaluations(config):
    model = build_objective(
        config(objective="flow-matching", solver="rk4", solver_steps=5), RELATIVE_LAYOUT
    )
    calls = []
    model.velocity.register_forward_hook(lambda *call: calls.append(call[1]))
    mask = torch.arange(12) < torch.tensor([[0], [1], [7]])
    made = model.make(mask, torch.zeros(3, 3), torch.Generator().manual_seed(1))
    assert made[mask].any() and not made[~mask].any()
    assert len(calls) == model.evaluations == 20
    assert not any(particles[~mask].any() for particles, *_ in calls)


def test_flow_matching_loss_of_a_network_that_says_nothing_is_the_power_of_the_velocity(config):
    options = config(objective="flow-matching")
    jets = represent(read(options.data), options)
    model = build_objective(options, Layout.of(jets, options))
    model.fit_data(jets)
    for parameter in model.velocity.head[-1].parameters():
        torch.nn.init.zeros_(parameter)
    loss = model.loss("velocity", jets, 0, torch.Generator().manual_seed(1))
    # standardised features and normal noise, both of unit variance
    assert loss.total.mean().item() == pytest.approx(2.0, rel=0.05)


def test_posterior_collapse_stops_a_training_with_the_cause_and_what_to_try(config):
    options = config(beta=100.0, beta_warmup=0, learning_rate=0.01, epochs=60, batch=64)
    with pytest.raises(TrainingError, match=r"posterior collapse.*free_bits.*is kept in"):
        train(options)
    assert RunFolder(options.run).best.exists()
    with pytest.raises(TrainingError, match="posterior collapse"):
        train(TrainConfig(run=options.run, resume=True))


def test_prior_that_follows_the_codes_does_not_move_the_encoder(config):
    options = config(objective="ae", prior="flow", **JOINT)
    jets = represent(read(options.data), options)
    model = build_objective(options, Layout.of(jets, options))
    model.fit_data(jets)
    loss = model.loss("prior", jets[:64], 0, torch.Generator().manual_seed(1)).total.mean()
    codes = list(model.encoder.parameters())
    assert all(g is None for g in torch.autograd.grad(loss, codes, allow_unused=True))
    codes = model.encode(jets[:64]).mean
    torch.testing.assert_close(model.learned_prior.shift, codes.mean(0))


def test_generation_takes_the_priors_and_the_solver_that_the_run_has(config):
    run = train(config(objective="wae", prior="flow-matching", epochs=1, prior_epochs=1))
    model = jetgen.load(run, solver="rk4", solver_steps=2)
    assert model.priors == {"flow-matching": "flow-matching", "gaussian": "Gaussian"}
    assert model.model.prior_evaluations("flow-matching") == 8
    assert model.model.prior_evaluations("gaussian") == 0
    again = jetgen.load(run)
    assert again.config.solver == "midpoint"
    assert not torch.equal(model.generate(5).particles, again.generate(5).particles)
    with pytest.raises(InputError, match=r"expected flow-matching or gaussian.*received mixture"):
        model.generate(5, prior="mixture")
    plain = train(config("plain", epochs=1))
    with pytest.raises(InputError, match="solver: expected a run with the objective or the"):
        jetgen.load(plain, solver="heun")


def test_generated_particles_are_nearer_to_their_centres_with_a_smaller_factor(config, tmp_path):
    run = train(config(epochs=1, likelihood_weight=50.0))
    models = {scale: jetgen.load(run, width_scale=scale) for scale in (None, 1.0, 0.5, 1e-9)}
    draw = models[None].model.draw(50, torch.Generator().manual_seed(1), {})
    mask, context = models[None].model.slots(draw)
    z = models[None].model.prior_codes(context, torch.Generator().manual_seed(2))

    def decoded(model):
        return model.model.decoded(z, mask, context, torch.Generator().manual_seed(3))

    with torch.no_grad():
        made = {scale: decoded(model)[mask] for scale, model in models.items()}
    assert made[None].equal(made[1.0]) and (made[1.0] - made[1e-9]).abs().mean() > 0.01
    torch.testing.assert_close(made[0.5] - made[1e-9], 0.5 * (made[1.0] - made[1e-9]))
    asked = GenerateConfig([str(run)], 20, str(tmp_path / "made.h5"), width_scale=0.5)
    assert generated(asked, [loaded(asked, run)]).particles.isfinite().all()
    plain = train(config("plain", epochs=1))
    with pytest.raises(InputError, match="width_scale: expected an autoencoder"):
        jetgen.load(plain, width_scale=0.5)


def test_share_of_particles_counts_distinct_particles_with_momentum():
    apart = torch.tensor([[1.0, 0.0, 0.1], [0.0, 1.0, 0.1], [0.0, 0.0, 0.1], [0.5, 0.5, 0.1]])
    together = apart[:1].expand(4, 3)
    pairs = apart[[0, 0, 1, 1]]
    soft = apart * torch.tensor([[1.0, 1.0, 1.0]] * 3 + [[1.0, 1.0, 1e-6]])
    particles = torch.stack([apart, together, pairs, soft, apart])
    mask = torch.ones(5, 4, dtype=torch.bool)
    mask[4, 2:] = False
    jets = ParticleCloud(particles, mask, RELATIVE)
    counted = distinct_particles(particles, hard_particles(jets, jets[:1]))
    torch.testing.assert_close(counted, torch.tensor([4.0, 1.0, 2.0, 3.0, 2.0]))


def test_numbers_of_particles_that_the_code_makes_too_small_count_as_collapsed(config, monkeypatch):
    options = config(objective="ae", multiplicity="latent")
    jets = represent(read(options.data), options)
    model = build_objective(options, Layout.of(jets, options)).eval()
    model.fit_data(jets)
    monkeypatch.setattr(
        type(model.multiplicity), "draw", lambda self, z, generator: torch.ones(len(z))
    )
    share = model.loss("autoencoder", jets, 1, torch.Generator().manual_seed(1)).parts
    torch.testing.assert_close(
        share["particle_share"].mean(), (1 / jets.multiplicity).mean(), rtol=0.05, atol=0
    )


def test_particles_that_all_fall_on_one_point_stop_a_training_with_the_cause(config, monkeypatch):
    from jetgen.objectives.autoencoder import Autoencoder

    positions = Autoencoder._positions

    def collapsed(self, z, mask, context, generator):
        decoded, widths = positions(self, z, mask, context, generator)
        return decoded.mean(1, keepdim=True).expand_as(decoded), widths

    monkeypatch.setattr(Autoencoder, "_positions", collapsed)
    options = config(objective="ae", epochs=20)
    with pytest.raises(TrainingError, match=r"collapsed multiplicity.*loss='emd'.*is kept in"):
        train(options)
    assert RunFolder(options.run).best.exists()


@pytest.mark.parametrize(
    ("accuracy", "spread", "cause"),
    [
        (1.0, 2.0, "classified all jets correctly"),
        (0.5, 1e-7, "the same for all jets"),
        (0.8, 1.0, None),
    ],
)
def test_dead_discriminators_are_told_from_living_ones(accuracy, spread, cause):
    row = {"train_discriminator_accuracy": accuracy, "train_discriminator_spread": str(spread)}
    assert dead_discriminator([row] * 9) is None
    found = dead_discriminator([row] * 10)
    assert found is None if cause is None else cause in found
    if accuracy == 1.0:
        assert dead_discriminator([row] * 10, saturates=False) is None


def test_closeness_is_zero_for_the_same_jets_and_the_shift_in_widths_for_moved_ones(toy_jets):
    jets = toy_jets(100, 1)
    same = closeness(jets, jets, jets.particles, jets.particles)
    assert same["total"] == 0 and set(same) == {"total", "w1_px", "w1_py", "w1_pz", "w1_mass"}
    width = jets.particles[..., 1][jets.mask].double().std(correction=0)
    moved = jets.particles + torch.tensor([0.0, 3.0, 0.0])
    assert closeness(jets, jets, moved, jets.particles)["w1_py"] == pytest.approx(
        float(3 / width), rel=1e-4
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "wae", "multiplicity": "latent"}, "^multiplicity: expected data with"),
        (
            {"objective": "aae", "prior": "mixture", "prior_training": "joint"},
            "^prior_training: expected after with the prior mixture",
        ),
        ({"objective": "ae", "prior": "mixture"}, "^prior: expected gaussian, flow or"),
        ({"objective": "vae", "prior": "discrete"}, "^prior: expected a prior with a density"),
        (
            {"objective": "wae", "prior": "discrete", "components": 30},
            "^components: expected at most the latent dimension, 20",
        ),
        ({"free_bits": 0.1, "prior": "mixture"}, "^free_bits: expected 0 with a mixture"),
        ({"objective": "gan", "prior": "flow"}, "^objective: expected an autoencoder with prior"),
        (
            {"objective": "gan", "gan_loss": "wgan-gp", "encoder": "edgeconv"},
            "^gan_loss: expected another loss, encoder='deepsets'",
        ),
        ({"objective": "flow-matching", "decoder": "dense"}, "^decoder: expected a network over"),
        ({"average": 1.0}, "^average: expected less than 1, received 1.0"),
        (
            {"free_bits": 0.1, "prior": "flow", "prior_training": "joint"},
            "^free_bits: expected 0 with .* a joint flow",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        TrainConfig(**options)
