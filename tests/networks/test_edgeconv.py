import copy
import warnings

import pytest
import torch
from torch import nn

from jetgen.networks import messages
from jetgen.networks.edgeconv import EdgeConv, EdgeConvEncoder
from jetgen.networks.messages import neighbour_max, neighbour_messages
from jetgen.networks.neighbours import nearest_neighbours

with warnings.catch_warnings():  # torch_geometric 2.8 scripts a class while it is imported
    warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
    from torch_geometric.nn import EdgeConv as RaggedEdgeConv

FORMS = [(1, "max"), (1, "mean"), (2, "max"), (3, "mean"), (3, "max")]
K = 4
COUNTS = torch.tensor([0, 1, 2, K - 1, K, K + 1, 9])


@pytest.fixture(autouse=True)
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(before)


@pytest.fixture(params=["whole", "blocks"])
def blocks(request, monkeypatch):
    if request.param == "blocks":
        monkeypatch.setattr(messages, "_CPU_BLOCK", 100)


def batch(columns=3):
    mask = torch.arange(9) < COUNTS.unsqueeze(1)
    mask = mask[:, torch.randperm(9)]  # holes anywhere
    return torch.randn(len(COUNTS), 9, columns), mask, torch.randn(len(COUNTS), 2)


def encoder(layers=2, seed=3, **options):
    torch.manual_seed(seed)
    return EdgeConvEncoder(3, 2, 5, hidden=8, layers=layers, neighbours=K, **options)


def gradients(output, weight, *tensors):
    return torch.autograd.grad((output * weight).sum(), tensors)


def assert_all_close(first, second, tolerance=1e-12):
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize(("edge_layers", "aggregation"), FORMS)
def test_equals_torch_geometric_on_the_same_graph(edge_layers, aggregation, blocks):
    particles, mask, _ = batch(columns=5)
    x = torch.where(mask.unsqueeze(-1), particles, 0.0).requires_grad_()
    conv = EdgeConv(5, 7, edge_layers=edge_layers, aggregation=aggregation)
    index, valid = nearest_neighbours(x[..., :2], mask, K)

    sources, targets = [], []  # the graph, written out
    for jet, slot, column in valid.nonzero().tolist():
        sources.append(9 * jet + int(index[jet, slot, column]))
        targets.append(9 * jet + slot)
    layers = [conv.first, nn.ReLU(), *conv.later]
    state = copy.deepcopy(conv.state_dict())
    ragged = RaggedEdgeConv(nn.Sequential(*layers), aggr=aggregation)
    conv.load_state_dict(state)  # the constructor above drew the shared weights again
    expected = ragged(x.flatten(0, 1), torch.tensor([sources, targets])).view(*mask.shape, 7)

    result = conv(x, index, valid)
    weight = torch.randn_like(result)
    torch.testing.assert_close(result, expected, atol=1e-13, rtol=1e-13)
    assert (result[COUNTS <= 1] == 0).all() and (result[~mask] == 0).all()
    assert_all_close(
        gradients(result, weight, x, *conv.parameters()),
        gradients(expected, weight, x, *conv.parameters()),
    )


@pytest.mark.parametrize("aggregation", ["max", "mean"])
def test_coincident_particles_share_gradients_as_in_torch_geometric(aggregation):
    def sixteenths(values):
        """Sums of products of these are exact, in whatever order a processor takes them."""
        return (16 * values).round() / 16

    x = sixteenths(torch.randn(1, 6, 3))
    x[0, 3:] = x[0, :3]
    x.requires_grad_()
    index, valid = nearest_neighbours(x, torch.ones(1, 6, dtype=torch.bool), 5)
    for edge_layers in (1, 2):
        dense = EdgeConv(3, 7, edge_layers=edge_layers, aggregation=aggregation)
        ragged = EdgeConv(3, 7, edge_layers=edge_layers, aggregation=aggregation, backend="pyg")
        exact = {name: sixteenths(values) for name, values in dense.state_dict().items()}
        dense.load_state_dict(exact)
        ragged.load_state_dict(exact)
        weight = torch.randn(1, 6, 7)
        first, second = (
            gradients(conv(x, index, valid), weight, x, *conv.parameters())
            for conv in (dense, ragged)
        )
        assert_all_close(first, second)


@pytest.mark.parametrize(("edge_layers", "aggregation"), FORMS)
def test_backends_share_parameters_and_numbers(edge_layers, aggregation):
    dense = encoder(edge_layers=edge_layers, aggregation=aggregation)
    ragged = encoder(edge_layers=edge_layers, aggregation=aggregation, backend="pyg")
    for a, b in zip(dense.parameters(), ragged.parameters(), strict=True):
        assert torch.equal(a, b)  # the same seed draws the same weights
    assert dense.state_dict().keys() == ragged.state_dict().keys()
    particles, mask, context = batch()
    particles.requires_grad_()
    results = [net(particles, mask, context) for net in (dense, copy.deepcopy(ragged))]
    torch.testing.assert_close(*results, atol=1e-12, rtol=1e-12)
    weight = torch.randn_like(results[0])
    assert_all_close(*(gradients(result, weight, particles) for result in results))


@pytest.mark.parametrize(("edge_layers", "aggregation"), FORMS)
def test_blocks_equal_the_plain_formula(edge_layers, aggregation, blocks):
    centre, offers = torch.randn(2, 11, 3).requires_grad_().unbind()
    index = torch.randint(11, (11, K))
    valid = torch.arange(K) < torch.randint(1, K + 1, (11, 1))
    layers = [(torch.randn(3, 3), torch.randn(3)) for _ in range(edge_layers - 1)]
    tensors = [centre, offers, *(part.requires_grad_() for layer in layers for part in layer)]

    plain = torch.relu(centre.unsqueeze(1) + offers[index])
    for matrix, bias in layers:
        plain = torch.relu(plain @ matrix.t() + bias)
    plain = torch.where(valid.unsqueeze(-1), plain, 0.0)
    plain = plain.amax(1) if aggregation == "max" else plain.sum(1) / valid.sum(1, keepdim=True)

    result = neighbour_messages(centre, offers, index, valid, layers, aggregation)
    torch.testing.assert_close(result, plain, atol=1e-12, rtol=1e-12)
    weight = torch.randn_like(plain)
    assert_all_close(gradients(result, weight, *tensors), gradients(plain, weight, *tensors))


def test_gradcheck(blocks):
    index = torch.stack([torch.randperm(6)[:3] for _ in range(6)])
    valid = torch.arange(3) < torch.tensor([[1], [2], [3], [3], [2], [1]])
    tensors = [torch.randn(shape, requires_grad=True) for shape in [(6, 2), (6, 2), (2, 2), (2,)]]
    torch.autograd.gradcheck(lambda offers: neighbour_max(offers, index), tensors[1])
    for aggregation in ("max", "mean"):
        torch.autograd.gradcheck(
            lambda c, o, w, b, a=aggregation: neighbour_messages(c, o, index, valid, [(w, b)], a),
            tensors,
        )


@pytest.mark.parametrize(("edge_layers", "aggregation"), FORMS)
def test_order_inside_a_set_does_not_matter(edge_layers, aggregation):
    net = encoder(edge_layers=edge_layers, aggregation=aggregation)
    particles, mask, context = batch()
    order = torch.stack([torch.randperm(9) for _ in COUNTS])
    rows = torch.arange(len(COUNTS)).unsqueeze(1)
    expected = net(particles, mask, context)
    result = net(particles[rows, order], mask[rows, order], context)
    torch.testing.assert_close(result, expected, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("backend", ["dense", "pyg"])
@pytest.mark.parametrize("filling", [torch.nan, 1e30, torch.inf])
def test_padding_changes_neither_value_nor_gradient(backend, filling):
    net = encoder(edge_layers=2, backend=backend)
    particles, mask, context = batch()
    more = torch.full((len(COUNTS), 3, 3), filling)
    filled = torch.cat([torch.where(mask.unsqueeze(-1), particles, filling), more], dim=1)
    larger = torch.cat([mask, torch.zeros(len(COUNTS), 3, dtype=torch.bool)], dim=1)
    particles.requires_grad_(), filled.requires_grad_()
    result, expected = net(filled, larger, context), net(particles, mask, context)
    torch.testing.assert_close(result, expected, atol=1e-12, rtol=1e-12)
    weight = torch.randn_like(result)
    theirs, *parameters = gradients(expected, weight, particles, *net.parameters())
    ours, *others = gradients(result, weight, filled, *net.parameters())
    assert (ours[~larger] == 0).all()
    assert_all_close([ours[:, :9], *others], [theirs, *parameters])


def test_a_jet_does_not_see_the_others():
    net = encoder(edge_layers=2)
    particles, mask, context = batch()
    together = net(particles, mask, context)
    alone = torch.cat([net(particles[[i]], mask[[i]], context[[i]]) for i in range(len(COUNTS))])
    torch.testing.assert_close(together, alone, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize(("edge_layers", "aggregation"), FORMS)
def test_every_parameter_receives_a_gradient(edge_layers, aggregation):
    net = encoder(layers=3, edge_layers=edge_layers, aggregation=aggregation)
    net(*batch()).square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_first_neighbours_come_from_the_coordinates():
    particles, mask, context = batch()
    mask[:] = True
    far = particles.clone()
    far[..., 2] *= 1e-3  # neighbours depend on the third feature only with three coordinates
    for coordinates, same in ((2, True), (3, False)):
        near = nearest_neighbours(particles[..., :coordinates], mask, K)[0]
        assert torch.equal(near, nearest_neighbours(far[..., :coordinates], mask, K)[0]) is same
    two, three = (encoder(layers=1, coordinates=c)(particles, mask, context) for c in (2, 3))
    assert not torch.allclose(two, three)


def test_nothing_but_empty_sets():
    net = encoder(edge_layers=2)
    particles = torch.full((2, 3, 3), torch.nan, requires_grad=True)
    result = net(particles, torch.zeros(2, 3, dtype=torch.bool), torch.ones(2, 2))
    assert result.isfinite().all()
    result.sum().backward()
    assert (particles.grad == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_lower_precision(dtype):
    net = encoder(edge_layers=2)
    particles, mask, context = batch()
    expected = net(particles, mask, context)
    low = net.to(dtype)(particles.to(dtype), mask, context.to(dtype))
    assert low.dtype == dtype
    if dtype == torch.float32:  # in bfloat16 other particles may become the nearest
        torch.testing.assert_close(low.double(), expected, atol=1e-4, rtol=1e-4)


def test_mixed_precision_trains():
    net = encoder(edge_layers=2).float()
    particles, mask, context = batch()
    with torch.autocast("cpu", torch.bfloat16):
        result = net(particles.float(), mask, context.float())
    result.float().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in net.parameters())
