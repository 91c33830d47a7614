"""Energy-flow polynomials in passes by Triton, against the torch program and the plain sums."""

import pytest
import torch

from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.physics.efp import efps
from jetgen.physics.efp_fused import moments_plain

pytestmark = pytest.mark.triton


def jets(counts, slots, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    particles = torch.rand(len(counts), slots, 3, generator=generator, dtype=dtype)
    mask = torch.arange(slots) < torch.tensor(counts).unsqueeze(1)
    particles[~mask] = torch.nan
    return ParticleCloud(particles, mask, RELATIVE)


@pytest.fixture
def both_kernels(monkeypatch):
    def run(cloud, **options):
        values = []
        for kernels in ("triton", "torch"):
            monkeypatch.setenv("JETGEN_KERNELS", kernels)
            values.append(efps(cloud, **options))
        return values

    return run


@pytest.mark.parametrize("slots", [1, 2, 3, 8, 9, 31, 33, 65])
def test_the_36_equal_those_of_torch(kernel_device, both_kernels, slots):
    cloud = jets([slots, 1, 0, (slots + 1) // 2], slots).to(kernel_device)
    ours, theirs = both_kernels(cloud)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("measure", ["hadr", "ee"])
@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_other_measures_and_fewer_graphs(kernel_device, both_kernels, measure, beta):
    cloud = jets([9, 7], 9).to(kernel_device)
    for degree in (0, 1, 2, 3):
        ours, theirs = both_kernels(cloud, measure=measure, beta=beta, max_degree=degree)
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-300)


def test_single_precision(kernel_device, both_kernels):
    cloud = jets([33, 20], 33).to(kernel_device)
    ours, _ = both_kernels(cloud, dtype=torch.float32)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours.double(), efps(cloud), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("powers", [[(1, 0)], [(0, 1), (3, 2)], [(2, 0), (0, 0), (1, 1)]], ids=str)
def test_moments(kernel_device, powers):
    from jetgen.physics.kernels.moments import moments

    generator = torch.Generator().manual_seed(1)
    theta = torch.rand(3, 37, 37, generator=generator, dtype=torch.float64)
    z, weights = (
        torch.rand(shape, generator=generator, dtype=torch.float64)
        for shape in ((3, 37), (3, len(powers), 37))
    )
    arguments = [t.to(kernel_device) for t in (theta + theta.mT, z, weights)]
    torch.testing.assert_close(
        moments(*arguments, powers), moments_plain(*arguments, powers), rtol=1e-12, atol=0
    )


@pytest.mark.gpu
def test_many_jets_of_full_size(kernel_device, both_kernels):
    cloud = jets([150, 100, 127, 30] * 500, 150).to(kernel_device)
    ours, theirs = both_kernels(cloud)
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-300)
