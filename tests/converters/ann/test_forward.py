import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from converters import Ann, Node, activations, forward, load_ann, ops
from converters.ann.apply import apply
from converters.ann.forward import stream
from converters.testing import anns, images
from eventsnn import InputError, ShapeError


def cifar(x):
    mean = np.array([0.485, 0.456, 0.406]).reshape(3, 1, 1)
    std = np.array([0.229, 0.224, 0.225]).reshape(3, 1, 1)
    return ((x / 255 - mean) / std).astype(np.float32)


@st.composite
def image_operations(draw):
    """An operation on one image, and a batch of images for it."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    border = st.tuples(st.integers(0, 2), st.integers(0, 2))
    groups, per_group = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    channels = groups * per_group
    x = rng.normal(size=(2, channels, draw(st.integers(1, 9)), draw(st.integers(1, 9))))
    kind = draw(st.sampled_from(["conv", "norm", "average", "maximum", "global", "relu"]))
    kernel = draw(pair)
    inner = draw(st.tuples(*(st.integers(0, k // 2) for k in kernel)))
    match kind:
        case "conv":
            outputs = groups * draw(st.integers(1, 3))
            weight = rng.normal(size=(outputs, per_group, *kernel))
            bias = rng.normal(size=outputs) if draw(st.booleans()) else None
            op = ops.Conv2d(weight, bias, draw(pair), draw(border), draw(pair), groups)
        case "norm":
            op = ops.BatchNorm(*rng.normal(size=(3, channels)), rng.random(channels) + 0.1)
        case "average":
            op = ops.AvgPool2d(kernel, draw(pair), inner)
        case "maximum":
            op = ops.MaxPool2d(kernel, draw(pair), inner)
        case "global":
            op = ops.GlobalAvgPool()
        case _:
            op = ops.ReLU()
    return op, x


@pytest.mark.torch
@given(image_operations())
def test_every_image_operation_is_pytorchs(drawn):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    op, x = drawn
    try:
        ann = Ann(x.shape[1:], (Node("op", op),))
    except ShapeError:
        assume(False)
    t = torch.from_numpy(x)

    def tensor(values):
        return None if values is None else torch.from_numpy(values.copy())

    match op:
        case ops.Conv2d():
            options = (op.stride, op.padding, op.dilation, op.groups)
            expected = functional.conv2d(t, tensor(op.weight), tensor(op.bias), *options)
        case ops.BatchNorm():
            statistics = (tensor(op.running_mean), tensor(op.running_var))
            scale = (tensor(op.weight), tensor(op.bias))
            expected = functional.batch_norm(t, *statistics, *scale, eps=op.eps)
        case ops.AvgPool2d():
            expected = functional.avg_pool2d(t, op.kernel_size, op.stride, op.padding)
        case ops.MaxPool2d():
            expected = functional.max_pool2d(t, op.kernel_size, op.stride, op.padding)
        case ops.GlobalAvgPool():
            expected = functional.adaptive_avg_pool2d(t, 1)
        case _:
            expected = functional.relu(t)
    assert ann.shapes["op"] == tuple(expected.shape[1:])
    np.testing.assert_allclose(apply(op, x), expected.numpy(), rtol=1e-12, atol=1e-12)
    single = forward(ann, x)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.torch
def test_every_vector_operation_is_pytorchs():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 6))
    t = torch.from_numpy(x)
    linear = ops.Linear(rng.normal(size=(3, 6)), rng.normal(size=3))
    expected = torch.nn.functional.linear(t, *map(torch.tensor, (linear.weight, linear.bias)))
    np.testing.assert_allclose(apply(linear, x), expected, rtol=1e-12)
    mean, variance, weight, bias = rng.random((4, 6))
    norm = ops.BatchNorm(weight, bias, mean, variance)
    expected = torch.nn.functional.batch_norm(
        t, *map(torch.from_numpy, (mean, variance, weight, bias)), eps=1e-5
    )
    np.testing.assert_allclose(apply(norm, x), expected, rtol=1e-12)


def test_operations_without_a_counterpart_in_pytorch():
    x = np.arange(2 * 2 * 3 * 3.0).reshape(2, 2, 3, 3)
    kept = apply(ops.Subsample(2, (1, 2)), x)
    assert kept.shape == (2, 5, 2, 2)
    np.testing.assert_array_equal(kept[1, 1], [[18, 20], [24, 26]])
    assert not kept[:, [0, 3, 4]].any()
    np.testing.assert_array_equal(apply(ops.Flatten(), x)[1], np.arange(18, 36))
    np.testing.assert_array_equal(apply(ops.Add(), x, x, x), 3 * x)
    np.testing.assert_array_equal(
        apply(ops.Concat(), x, kept[:, :, :1, :1].repeat(3, 2).repeat(3, 3))[:, :2], x
    )
    np.testing.assert_array_equal(apply(ops.Scale(-0.5), x), -x / 2)
    np.testing.assert_array_equal(apply(ops.ReLU(5), x - 3), np.clip(x - 3, 0, 5))


def test_large_networks_are_evaluated_few_images_at_a_time(monkeypatch):
    ann = Ann((4,), (Node("relu", ops.ReLU()),))
    # the name converters.forward is the function, so the module is reached through another
    monkeypatch.setitem(stream.__globals__, "MEMORY", 3 * 8)
    chunks = stream(ann, np.ones((7, 4)), ("relu",))
    assert [len(chunk["relu"]) for chunk in chunks] == [3, 3, 1]


@given(st.data())
def test_the_answer_does_not_depend_on_the_batch(data):
    ann = data.draw(anns())
    x = data.draw(images(ann, count=3))
    names = (ann.output, "input", ann.nodes[0].name)
    whole = activations(ann, x, names, dtype=np.float64)
    chunks = list(stream(ann, x, names, dtype=np.float64, batch=2))
    assert [len(chunk["input"]) for chunk in chunks] == [2, 1]
    for name in names:
        joined = np.concatenate([chunk[name] for chunk in chunks])
        np.testing.assert_allclose(joined, whole[name], rtol=1e-12, atol=1e-12)
        assert whole[name].shape[1:] == ann.shapes[name]
    np.testing.assert_array_equal(forward(ann, x, dtype=np.float64), whole[ann.output])


BAD_IMAGES = [
    (np.zeros((1, 5)), r"expected shape \(N, 4\) with N >= 1, found \(1, 5\)"),
    (np.zeros(4), "expected shape"),
    (np.zeros((0, 4)), r"found \(0, 4\)"),
    (np.full((1, 4), np.nan), "expected finite numbers, found 4 that are NaN"),
    (np.full((1, 4), "x"), "expected numbers, found <U1"),
]


@pytest.mark.parametrize(("x", "message"), BAD_IMAGES)
def test_images_that_do_not_fit_are_refused(x, message):
    ann = Ann((4,), (Node("relu", ops.ReLU()),))
    with pytest.raises(InputError, match=message):
        forward(ann, x)


def test_unknown_names_are_refused():
    ann = Ann((4,), (Node("relu", ops.ReLU()),))
    with pytest.raises(InputError, match=r"no node \['fc'\].*\['relu'\]"):
        activations(ann, np.zeros((1, 4)), ("fc",))


@pytest.mark.data
def test_resnet20_classifies_873_of_958_images(data_dir):
    ann = load_ann(data_dir / "resnet20_cifar10.npz", "resnet20-cifar")
    with np.load(data_dir / "cifar10_test_958.npz") as file:
        x, y = file["x"], file["y"]
    assert np.count_nonzero(forward(ann, cifar(x)).argmax(axis=1) == y) == 873


@pytest.mark.data
@pytest.mark.torch
def test_resnet20_is_pytorchs(data_dir):
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, before, channels):
            super().__init__()
            self.halves = channels != before
            stride = 2 if self.halves else 1
            self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(channels)
            self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(channels)

        def forward(self, x):
            y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
            if self.halves:
                pad = y.shape[1] // 4
                x = nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, pad, pad))
            return (y + x).relu()

    class ResNet20(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(16)
            self.layer1 = nn.Sequential(Block(16, 16), Block(16, 16), Block(16, 16))
            self.layer2 = nn.Sequential(Block(16, 32), Block(32, 32), Block(32, 32))
            self.layer3 = nn.Sequential(Block(32, 64), Block(64, 64), Block(64, 64))
            self.linear = nn.Linear(64, 10)

        def forward(self, x):
            x = self.layer3(self.layer2(self.layer1(self.bn1(self.conv1(x)).relu())))
            return self.linear(x.mean(dim=(2, 3)))

    model = ResNet20()
    with np.load(data_dir / "resnet20_cifar10.npz") as file:
        weights = {name: torch.from_numpy(file[name]) for name in file.files}
    missing = model.load_state_dict(weights, strict=False).missing_keys
    assert all(name.endswith("num_batches_tracked") for name in missing)
    with np.load(data_dir / "cifar10_test_958.npz") as file:
        x = cifar(file["x"][:32])
    with torch.no_grad():
        expected = model.eval()(torch.from_numpy(x)).numpy()
    ann = load_ann(data_dir / "resnet20_cifar10.npz", "resnet20-cifar")
    np.testing.assert_allclose(forward(ann, x), expected, atol=1e-4)
