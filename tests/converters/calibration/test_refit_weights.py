import numpy as np
import pytest
from conversion_cases import small_images, small_net

from converters import Ann, Node, ops
from converters.ann.apply import apply
from converters.calibration.refit_weights import change_of_weights, refittable
from eventsnn.matrix_product import matrix_product


def random_conv(rng, **window):
    return ops.Conv2d(rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4), **window)


@pytest.mark.parametrize("window", [{}, {"stride": 2, "padding": (2, 1)}, {"dilation": (2, 3)}])
def test_a_change_that_explains_everything_is_found(window):
    """Where what is missing is another convolution of the same inputs, and nearly no ridge."""
    rng = np.random.default_rng(0)
    conv, change = random_conv(rng, **window), random_conv(rng, **window)
    x = rng.normal(size=(20, 3, 9, 9))
    found = change_of_weights(conv, x, apply(change, x), 1e-9, rng)
    np.testing.assert_allclose(found.weight, change.weight, atol=1e-5)
    np.testing.assert_allclose(found.bias, change.bias, atol=1e-5)
    assert (found.stride, found.padding) == (conv.stride, conv.padding)


def test_a_firm_ridge_leaves_only_the_mean():
    rng = np.random.default_rng(0)
    linear = ops.Linear(rng.normal(size=(2, 5)))
    x, missing = rng.normal(size=(50, 5)), rng.normal(size=(50, 2)) + 3
    found = change_of_weights(linear, x, missing, 1e9, rng)
    np.testing.assert_allclose(found.weight, 0, atol=1e-6)
    np.testing.assert_allclose(found.bias, missing.mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize("ridge", [0.1, 3.0])
def test_it_is_the_minimum_of_the_objective(ridge):
    """mean |D x + d - m|^2 + ridge mean |x|^2 |D|^2; no step from it goes down."""
    rng = np.random.default_rng(1)
    x, missing = rng.normal(size=(40, 4)), rng.normal(size=(40, 1))
    found = change_of_weights(ops.Linear(np.ones((1, 4))), x, missing, ridge, rng)

    def objective(weight, bias):
        fit = np.mean((matrix_product(x, weight.T) + bias - missing) ** 2)
        return fit + ridge * np.mean(x**2) * np.sum(weight**2)

    lowest = objective(found.weight, found.bias)
    assert lowest < objective(0 * found.weight, 0 * found.bias)
    for _ in range(50):
        step = rng.normal(size=5) / 100
        assert objective(found.weight + step[:4], found.bias + step[4]) > lowest


def test_dead_inputs_are_no_trouble():
    rng = np.random.default_rng(0)
    found = change_of_weights(
        ops.Linear(np.ones((2, 3))), np.zeros((4, 3)), np.ones((4, 2)), 1, rng
    )
    np.testing.assert_allclose(found.weight, 0, atol=1e-9)
    np.testing.assert_allclose(found.bias, 1, rtol=1e-6)


def test_a_sample_of_windows_does(monkeypatch):
    monkeypatch.setattr("converters.calibration.refit_weights._LEAST_ROWS", 10)
    rng = np.random.default_rng(0)
    conv, change = random_conv(rng), random_conv(rng)
    x = rng.normal(size=(200, 3, 9, 9))
    found = change_of_weights(conv, x, apply(change, x), 1e-9, rng)
    np.testing.assert_allclose(found.weight, change.weight, atol=1e-5)


def test_which_weights_can_make_up_for_errors():
    ann = small_net()
    assert refittable(ann, "relu1") is None  # it reads the image, which is exact
    assert refittable(ann, "relu2") == "conv2"
    assert refittable(ann, "relu3") == "conv3"  # through the sum
    shared = Ann(
        (2,),
        (
            Node("a", ops.ReLU()),
            Node("fc", ops.Linear(np.eye(2)), ("a",)),
            Node("b", ops.ReLU(), ("fc",)),
            Node("sum", ops.Add(), ("b", "fc")),
        ),
    )
    assert refittable(shared, "a") is None
    assert refittable(shared, "b") is None  # another node reads it too


def test_a_weak_ridge_moves_weights_and_none_leaves_them():
    from converters import activation_quantiles
    from converters.calibration.tune_thresholds import tune_thresholds

    ann, x = small_net(), small_images()
    start = activation_quantiles(ann, x, per="channel")
    for ridge in (None, 3.0):
        tuned = tune_thresholds(ann, x, start, ticks=8, ridge=ridge).ann
        for name in ("conv1", "conv2", "conv3"):
            same = np.array_equal(tuned.by_name[name].op.weight, ann.by_name[name].op.weight)
            assert same == (ridge is None or name == "conv1")
