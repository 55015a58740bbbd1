# ruff: noqa: ARG005 - one signature for every forward
"""`Ann.forward` equals PyTorch on what people build; what has no counterpart is refused."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402, N812 - only with PyTorch, by its usual name
import torch_models as models  # noqa: E402 - same
from hypothesis import given, settings  # noqa: E402 - same
from hypothesis import strategies as st  # noqa: E402 - same
from profiles import compiled, examples  # noqa: E402 - same
from torch import nn  # noqa: E402 - same

from converters import forward, load_ann, lower, ops, rate  # noqa: E402 - same
from converters.intake.export_torch import export, trace  # noqa: E402 - same
from converters.testing import anns, images  # noqa: E402 - same
from eventsnn import (  # noqa: E402 - same
    IF,
    Relay,
    UnsupportedLayerError,
    simulate,
)

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel"),
]


def equal_answers(model, images, path):
    """Export, read back, compare with PyTorch on other images than the traced ones."""
    ann = export(model, images[:1], path)
    assert load_ann(path) == ann
    with torch.no_grad():
        expected = model.eval()(images).numpy()
    found = forward(ann, images.numpy().reshape(len(images), *ann.input_shape))
    np.testing.assert_allclose(found, expected, atol=1e-4 * max(1, np.abs(expected).max()))
    return ann


SMALL = {
    "mobilenet": (models.MobileNet, (3, 32, 32)),
    "densenet": (models.DenseNet, (3, 16, 16)),
    "functional": (models.Functional, (3, 17, 17)),
    "signal": (models.Signal, (2, 24)),
    "resnet20": (lambda: models.CifarResNet(20), (3, 32, 32)),
    "vgg11_bn-cifar": (lambda: models.CifarVgg("vgg11", norm=True, hidden=(64,)), (3, 32, 32)),
}


@pytest.mark.parametrize("name", SMALL)
def test_small_models(name, tmp_path):
    torch.manual_seed(0)
    make, shape = SMALL[name]
    images = torch.rand(5, *shape)
    ann = equal_answers(models.trained(make()), images, tmp_path / "x.npz")
    if name != "signal":
        return
    assert ann.input_shape == (2, 1, 24)


@compiled
@pytest.mark.parametrize("name", ["mobilenet", "densenet", "functional", "signal"])
def test_small_models_convert_and_their_spikes_tell_the_answer(name):
    """At T = 512 the largest error is some percent of the largest output."""
    torch.manual_seed(0)
    make, shape = SMALL[name]
    ann = trace(models.trained(make()), torch.rand(1, *shape))
    images = np.random.default_rng(1).random((16, *ann.input_shape)).astype(np.float32)
    conversion = rate(ann, images, ticks=512, quantile=1.0)
    run = simulate(conversion.network, images[0], ticks=512)
    expected = forward(ann, images[:1])[0]
    np.testing.assert_allclose(run.output / 512, expected, atol=0.05 * np.abs(expected).max())


class Graph(nn.Module):
    """An ANN, calculated by PyTorch's functions."""

    def __init__(self, ann):
        super().__init__()
        self.ann = ann

    def forward(self, x):
        values = {"input": x}
        for node in self.ann.nodes:
            values[node.name] = by_pytorch(node.op, *(values[name] for name in node.inputs))
        return values[self.ann.output]


def by_pytorch(op, x, *more):
    def tensor(values):
        return None if values is None else torch.tensor(values, dtype=torch.float32)

    match op:
        case ops.Conv2d():
            how = (op.stride, op.padding, op.dilation, op.groups)
            return F.conv2d(x, tensor(op.weight), tensor(op.bias), *how)
        case ops.Linear():
            return F.linear(x, tensor(op.weight), tensor(op.bias))
        case ops.BatchNorm():
            statistics = (tensor(op.running_mean), tensor(op.running_var))
            return F.batch_norm(x, *statistics, tensor(op.weight), tensor(op.bias), eps=op.eps)
        case ops.ReLU(ceiling=None):
            return x.relu()
        case ops.ReLU(ceiling=ceiling):
            return torch.clamp(x, 0, ceiling)
        case ops.Scale(factor=factor):
            return factor * x
        case ops.AvgPool2d():
            return F.avg_pool2d(x, op.kernel_size, op.stride, op.padding)
        case ops.MaxPool2d():
            return F.max_pool2d(x, op.kernel_size, op.stride, op.padding)
        case ops.GlobalAvgPool():
            return x.mean((2, 3), keepdim=True)
        case ops.Add():
            return sum(more, x)
        case ops.Concat():
            return torch.cat([x, *more], dim=1)
        case ops.Flatten():
            return x.flatten(1)
        case ops.Sparse():
            made = F.linear(x.flatten(1), tensor(op.matrix.toarray()), tensor(op.bias))
            return made.reshape(-1, *op.shape)
        case ops.Subsample(stride=(rows, columns), pad_channels=pad):
            return F.pad(x[:, :, ::rows, ::columns], (0, 0, 0, 0, *pad))


@given(st.data())
@settings(max_examples=examples(150))
def test_random_networks(data):
    """`forward` is PyTorch's, and so is that of the network exported from PyTorch."""
    ann = data.draw(anns())
    x = data.draw(images(ann)).astype(np.float32)
    model = Graph(ann)
    expected = model(torch.from_numpy(x)).numpy()
    close = {"rtol": 1e-4, "atol": 1e-4 * max(1.0, np.abs(expected).max())}
    np.testing.assert_allclose(forward(ann, x), expected, **close)
    np.testing.assert_allclose(forward(trace(model, x), x), expected, **close)


def test_dense_connections_carry_each_convolution_once():
    ann = trace(models.trained(models.DenseNet()), torch.rand(1, 3, 16, 16))
    thetas = {name: ann.by_name[name].op.ceiling or 1.0 for name in ann.names_of(ops.ReLU)}
    network = lower(ann, thetas)
    relays = [layer.name for layer in network.layers if isinstance(layer.neuron, Relay)]
    assert relays == ["convs.0", "convs.1"]  # the third is read by one layer only
    assert sum(isinstance(layer.neuron, IF) for layer in network.layers) == 6


LARGE = {
    **models.RESNETS,
    "vgg16": lambda: models.Vgg("vgg16"),
}


@compiled
@pytest.mark.parametrize("name", LARGE)
def test_large_models_at_224(name, tmp_path):
    torch.manual_seed(0)
    model = models.trained(LARGE[name]())
    ann = equal_answers(model, torch.randn(1, 3, 224, 224), tmp_path / "x.npz")
    assert ann.input_shape == (3, 224, 224)
    # the keys are those of the state_dict
    state = {key: value.numpy() for key, value in model.state_dict().items()}
    np.savez(tmp_path / "state.npz", **state)
    named = load_ann(tmp_path / "state.npz", name)
    x = np.random.default_rng(0).normal(size=(1, 3, 224, 224)).astype(np.float32)
    np.testing.assert_allclose(forward(named, x), forward(ann, x), rtol=1e-4, atol=1e-3)
    for file in tmp_path.iterdir():
        file.unlink()  # half a gigabyte each, which pytest would keep


@pytest.mark.data
@pytest.mark.parametrize("depth", [20, 56])
def test_real_resnets(depth, data_dir, tmp_path):
    model = models.CifarResNet(depth)
    with np.load(data_dir / f"resnet{depth}_cifar10.npz") as file:
        state = {name: torch.from_numpy(file[name]) for name in file.files}
    assert not model.load_state_dict(state, strict=False).unexpected_keys
    with np.load(data_dir / "cifar10_test_958.npz") as file:
        x = file["x"][:32] / 255
    mean, std = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).reshape(2, 1, 3, 1, 1)
    images = torch.from_numpy(((x - mean) / std).astype(np.float32))
    ann = equal_answers(model, images, tmp_path / "x.npz")
    named = load_ann(data_dir / f"resnet{depth}_cifar10.npz", f"resnet{depth}-cifar")
    np.testing.assert_allclose(forward(named, images), forward(ann, images), atol=1e-4)


def test_the_model_is_left_as_it_was():
    model = models.MobileNet().train().double()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    trace(model, torch.rand(1, 3, 32, 32))
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


ACCEPTED = {
    "sum() of a list": lambda m, x: sum([m.conv(x), x]),
    "a number from the left": lambda m, x: 1 - 2 * x,
    "a constant per channel": lambda m, x: (
        (x - torch.arange(4.0).view(4, 1, 1)) / m.conv.bias.detach().abs().view(1, 4, 1, 1)
    ),
    "the mean over negative axes": lambda m, x: x.mean((-1, -2), keepdim=True),
    "a pad of both kinds": lambda m, x: F.conv2d(
        F.pad(x, (1, 2, 0, 1, 2, 2)), torch.ones(1, 8, 2, 3)
    ),
    "a pad before and in a convolution": lambda m, x: F.conv2d(
        F.pad(x, (2, 0)), torch.arange(36.0).view(1, 4, 3, 3), padding=1, dilation=2
    ),
    "same, even, dilated": lambda m, x: F.conv2d(
        x, torch.arange(32.0).view(4, 1, 2, 4), groups=4, padding="same", dilation=(3, 1)
    ),
    "an only pixel": lambda m, x: F.adaptive_avg_pool2d(x, 1)[:, :, 0, 0],
    "dots": lambda m, x: x[..., ::2, ::3],
    "a ceil mode without effect": lambda m, x: F.max_pool2d(x, 2, ceil_mode=True),
    "another divisor": lambda m, x: F.avg_pool2d(x, 2, divisor_override=3),
    "adaptive sizes": lambda m, x: F.adaptive_max_pool2d(x, (2, 4)),
    "an adaptive size that is kept": lambda m, x: F.adaptive_avg_pool2d(x, (None, 2)),
    "names of arguments": lambda m, x: torch.add(
        input=F.conv2d(input=x, weight=m.conv.weight), other=x
    ),
    "a shape": lambda m, x: x.reshape(x.shape[0], x.shape[1] * x.size(2) * x.size(-1)),
    "squeezing": lambda m, x: F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1),
    "copies": lambda m, x: x.contiguous().clone().detach().float().to(torch.float32),
    "a module twice": lambda m, x: m.conv(m.conv(x)),
    "a pad before a pool of what is negative": lambda m, x: F.max_pool2d(F.pad(x, (1, 0)), 2),
    "an unused branch": lambda m, x: (m.conv(x), m.conv(x))[1],
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name, tmp_path):
    torch.manual_seed(0)
    model = models.Forward(lambda m, x: ACCEPTED[name](m, m.first(x)))
    equal_answers(model, torch.rand(3, 4, 8, 8), tmp_path / "x.npz")


REFUSED = {
    "control flow": (
        lambda m, x: m.conv(x if x.sum() > 0 else -x),
        r"forward \(item, test_export_torch.py:\d+: .*\) takes a number out of the image's values",
    ),
    "int()": (lambda m, x: m.conv(x) * int(x.max()), "takes a number out"),
    "tolist()": (lambda m, x: m.conv(x) * x.tolist()[0][0][0][0], "takes a number out"),
    "a GELU": (lambda m, x: m.conv(F.gelu(x)), r"\(gelu, .*\) is not a rectifier"),
    "a softmax inside": (lambda m, x: m.conv(x.softmax(1)), r"makes probabilities inside"),
    "a gate": (
        lambda m, x: x * x.mean((2, 3), keepdim=True),
        r"multiplies two values .*gates and attention",
    ),
    "a quotient": (lambda m, x: 1 / m.conv(x), "no spiking counterpart|divides by a value"),
    "a layer norm": (
        lambda m, x: F.layer_norm(x, [8, 8]),
        "use batch norm, whose statistics are fixed",
    ),
    "batch statistics": (
        lambda m, x: F.batch_norm(x, None, None, training=True),
        "statistics of the batch",
    ),
    "dropout at inference": (lambda m, x: F.dropout(x), "pass training=self.training"),
    "dropout that is copied": (lambda m, x: m.conv(x) + torch.rand(8, 8), "uses random numbers"),
    "hanging over what is negative": (
        lambda m, x: F.max_pool2d(m.conv(x), 3, ceil_mode=True),
        "windows that hang over the edge of values that no ReLU rectifies",
    ),
    "uneven maxima": (lambda m, x: F.adaptive_max_pool2d(x, 3), "windows of unequal size"),
    "dilated pools": (lambda m, x: F.max_pool2d(x, 2, dilation=2), "has dilation"),
    "joined images": (lambda m, x: m.conv(torch.cat([x, x])), "keep the batch as the first axis"),
    "a sum over images": (lambda m, x: x - x.sum(), r"makes one number of all images"),
    "a jump": (lambda m, x: m.conv(F.threshold(x, 1, 0)), "not a rectifier"),
    "weights from the image": (lambda m, x: F.conv2d(x, x[:1]), "weights that depend on the image"),
    "an unknown operator": (
        lambda m, x: torch.cumsum(x, 1),
        r"\(cumsum, .*\) has no spiking counterpart",
    ),
    "three axes": (lambda m, x: m.conv(x).unsqueeze(2), r"shape \(4, 1, 8, 8\) beside the batch"),
    "a maximum of branches": (lambda m, x: torch.max(x, m.conv(x)), "compares or chooses"),
    "places of maxima": (
        lambda m, x: m.conv(F.max_pool2d(x, 2, return_indices=True)[1].float()),
        "places of maxima",
    ),
    "two answers": (lambda m, x: (m.conv(x), x), "expected one tensor as output"),
    "no layer": (lambda m, x: x, "the image itself"),
    "nothing": (lambda m, x: None, "expected one tensor as output"),
    "a constant": (lambda m, x: torch.ones(len(x), 3), "does not depend on the image"),
    "a wrong example": (
        lambda m, x: F.conv2d(x, torch.ones(1, 7, 1, 1)),
        r"test_export_torch.py:\d+: .* fails on the example: .* channels",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path):
    function, message = REFUSED[name]
    with pytest.raises(UnsupportedLayerError, match=message):
        export(models.Forward(function), torch.rand(1, 4, 8, 8), tmp_path / "x.npz")
    assert not list(tmp_path.iterdir())


def test_modules_are_refused_by_their_path_and_class():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.LeakyReLU()))
    with pytest.raises(UnsupportedLayerError, match=r"`1.0` \(LeakyReLU\) is not a rectifier"):
        trace(model, torch.rand(1, 3, 8, 8))


def test_weights_computed_from_parameters():
    torch.manual_seed(0)
    conv = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3))
    model = nn.Sequential(conv, nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
    x = torch.rand(2, 3, 4, 4)
    with torch.no_grad():
        np.testing.assert_allclose(forward(trace(model, x), x), model(x), rtol=1e-4, atol=1e-5)


def test_a_subclass_of_a_layer_counts_by_what_it_computes():
    class Doubled(nn.Conv2d):
        def forward(self, x):
            return 2 * super().forward(x)

    torch.manual_seed(0)
    model, x = nn.Sequential(Doubled(3, 4, 3)), torch.rand(2, 3, 4, 4)
    with torch.no_grad():
        np.testing.assert_allclose(forward(trace(model, x), x), model(x), rtol=1e-4, atol=1e-5)
