import importlib.resources
import json

import numpy as np
import pytest

from converters import Ann, Node, forward, load_ann, ops, rate
from eventsnn import IF, ConversionError, Network, simulate_batch


@pytest.fixture(scope="module")
def demo():
    """The network and the images that ship with the package."""
    folder = importlib.resources.files("eventsnn") / "demo_data"
    with (
        importlib.resources.as_file(folder / "digits_cnn.npz") as weights,
        importlib.resources.as_file(folder / "digits.npz") as images,
        np.load(images) as file,
    ):
        return load_ann(weights), {name: file[name] for name in file.files}


def test_the_demo_network_is_as_accurate_as_it_says(demo):
    ann, data = demo
    assert data["x_test"].shape == (500, 1, 8, 8)
    assert data["x_calibration"].shape == (200, 1, 8, 8)
    right = forward(ann, data["x_test"] / 16).argmax(axis=1) == data["y_test"]
    assert np.mean(right) == json.loads(str(data["about"]))["test_accuracy"] > 0.985


@pytest.mark.parametrize("per", ["layer", "channel"])
def test_the_spiking_demo_network_answers_as_the_ann(demo, per):
    ann, data = demo
    conversion = rate(ann, data["x_calibration"] / 16, ticks=64, per=per)
    x = data["x_test"][:30] / 16
    runs = simulate_batch(conversion.network, x, ticks=64)
    answers = [run.output.argmax() for run in runs]
    assert np.mean(answers == forward(ann, x).argmax(axis=1)) >= 0.9


def test_a_conversion_says_how_it_was_made(demo):
    ann, data = demo
    conversion = rate(ann, data["x_calibration"] / 16, ticks=8, quantile=0.99)
    assert conversion.recipe == "rate"
    assert json.loads(json.dumps(conversion.parameters)) == {
        "quantile": 0.99,
        "per": "layer",
    }
    assert conversion.ann == ann
    assert conversion.ticks == 8
    assert isinstance(conversion.network, Network)
    firing = {layer.name for layer in conversion.network.layers if isinstance(layer.neuron, IF)}
    assert firing == set(conversion.thresholds) == set(conversion.ann.names_of(ops.ReLU))


@pytest.mark.parametrize("ticks", [0, -1, 2.5, "8"])
def test_impossible_ticks_are_refused(ticks):
    ann = Ann((1,), (Node("relu", ops.ReLU()), Node("fc", ops.Linear([[1.0]]), ("relu",))))
    with pytest.raises(ConversionError, match="ticks: expected an int >= 1"):
        rate(ann, np.ones((1, 1)), ticks=ticks)


def read_reference(data_dir):
    text = (data_dir / "resnet20_rate_reference.json").read_text(encoding="utf-8")
    return json.loads(text)["thresholds"]


@pytest.mark.data
def test_thresholds_of_resnet20_are_those_of_an_independent_conversion(data_dir):
    """Its calibration images are not recorded, so the quantiles agree to 2 % only."""
    ann = load_ann(data_dir / "resnet20_cifar10.npz", "resnet20-cifar")
    with np.load(data_dir / "cifar10_train_1of5.npz") as file:
        x = file["x"][:512] / 255
    mean, std = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).reshape(2, 3, 1, 1)
    conversion = rate(ann, (x - mean) / std, ticks=32)
    found = [float(theta) for theta in conversion.thresholds.values()]
    np.testing.assert_allclose(found, read_reference(data_dir), rtol=0.02)
