import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jetgen.cloud import RELATIVE, Feature, ParticleCloud
from jetgen.config.sections.data import steps_of
from jetgen.datasets.transforms import FeatureTransforms, parse_transforms
from jetgen.errors import InputError


def jets(seed=0):
    generator = torch.Generator().manual_seed(seed)
    particles = torch.randn(40, 7, 3, generator=generator).double()
    particles[..., 2] = particles[..., 2].exp()
    mask = torch.rand(40, 7, generator=generator) > 0.4
    return ParticleCloud(particles, mask, RELATIVE)


def real_particles(cloud):
    return cloud.particles[cloud.mask]


CHAINS = [
    "standardise",
    "minmax",
    "unit",
    "signed-sqrt",
    "centred-asinh+standardise",
    "asinh+minmax",
    "log+standardise",
]


@pytest.mark.parametrize("chain", CHAINS)
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 100))
def test_inverse_undoes_the_transform(chain, seed):
    cloud = jets(seed)
    transforms = FeatureTransforms(RELATIVE, parse_transforms([f"ptrel={chain}"], RELATIVE))
    transforms.fit(real_particles(cloud))
    there_and_back = transforms.inverse(transforms(cloud.particles))
    torch.testing.assert_close(there_and_back[cloud.mask], cloud.particles[cloud.mask])


def test_standardised_real_particles_have_zero_mean_and_unit_variance():
    cloud = jets()
    transforms = FeatureTransforms(RELATIVE, parse_transforms(["ptrel=log+standardise"], RELATIVE))
    transforms.fit(real_particles(cloud))
    values = transforms(cloud.particles)[cloud.mask]
    torch.testing.assert_close(values.mean(0), torch.zeros(3).double(), atol=1e-12, rtol=0)
    torch.testing.assert_close(values.std(0, correction=0), torch.ones(3).double())


def test_minmax_spans_minus_one_to_one_and_signed_sqrt_broadens_about_the_median():
    cloud = jets()
    steps = parse_transforms(["etarel=minmax", "phirel=signed-sqrt"], RELATIVE)
    transforms = FeatureTransforms(RELATIVE, steps)
    transforms.fit(real_particles(cloud))
    values = transforms(cloud.particles)[cloud.mask]
    assert values[:, 0].min() == pytest.approx(-1) and values[:, 0].max() == pytest.approx(1)
    x = cloud.particles[cloud.mask][:, 1]
    distance = x - x.median()
    torch.testing.assert_close(values[:, 1] * values[:, 1].abs(), distance)


def test_centred_asinh_broadens_about_the_median_with_a_finite_slope():
    values = torch.linspace(-1, 3, 401, dtype=torch.float64).pow(3).unsqueeze(1)
    feature = (Feature("mass", "GeV"),)
    transforms = FeatureTransforms(feature, parse_transforms(["mass=centred-asinh"], feature))
    transforms.fit(values)
    scale = 0.3 * (values - 1).abs().median()
    torch.testing.assert_close(transforms(values), ((values - 1) / scale).asinh())
    at = torch.tensor([[1.0]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(transforms(at).sum(), at)
    assert float(slope) == pytest.approx(1 / float(scale))


def test_unit_spans_zero_to_one():
    transforms = FeatureTransforms(RELATIVE, parse_transforms(["ptrel=unit"], RELATIVE))
    transforms.fit(real_particles(jets()))
    values = transforms(jets().particles)[jets().mask][:, 2]
    assert values.min() == pytest.approx(0) and values.max() == pytest.approx(1)


def test_fitted_numbers_travel_with_the_weights():
    fitted, fresh = (
        FeatureTransforms(RELATIVE, parse_transforms(["ptrel=log+minmax"], RELATIVE))
        for _ in range(2)
    )
    fitted.fit(real_particles(jets()))
    fresh.load_state_dict(fitted.state_dict())
    particles = jets(1).particles.abs() + 0.1
    torch.testing.assert_close(fresh(particles), fitted(particles))


def test_log_of_a_feature_that_is_not_positive_is_refused():
    transforms = FeatureTransforms(RELATIVE, parse_transforms(["etarel=log"], RELATIVE))
    with pytest.raises(InputError, match=r"log: expected positive values, received"):
        transforms.fit(real_particles(jets()))


def test_log_lifts_exact_zeros_to_the_smallest_positive_value():
    feature = (Feature("mass", "GeV"),)
    transforms = FeatureTransforms(feature, parse_transforms(["mass=log"], feature))
    transforms.fit(torch.tensor([[0.0], [2.0], [50.0]]))
    lifted = transforms.inverse(transforms(torch.tensor([[0.0], [1.0], [50.0]])))
    torch.testing.assert_close(lifted, torch.tensor([[2.0], [2.0], [50.0]]))


@pytest.mark.parametrize("text", ["ptrel", "mass=log", "ptrel=cube", "ptrel=log+", "=log"])
def test_malformed_transforms_are_refused(text):
    with pytest.raises(InputError, match="transform: expected FEATURE=STEP"):
        parse_transforms([text], RELATIVE)


def test_fitting_on_no_particles_is_refused():
    empty = ParticleCloud(torch.zeros(2, 3, 3), torch.zeros(2, 3, dtype=torch.bool), RELATIVE)
    with pytest.raises(InputError, match="expected jets with particles"):
        FeatureTransforms(RELATIVE, parse_transforms([], RELATIVE)).fit(real_particles(empty))


def test_the_last_equals_sign_ends_the_name_of_a_feature():
    feature = Feature("P_TOT=PNBI+PICRH")
    assert parse_transforms([f"{feature.name}=log+unit"], [feature]) == {
        feature.name: ["log", "unit"]
    }
    assert steps_of(f"{feature.name}=log+unit") == ["log", "unit"]
