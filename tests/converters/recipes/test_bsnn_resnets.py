"""Every word of the real ResNets on real images is that of the quantized ANN, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from bsnn_words import check_all_words, run_all, words

from converters import bsnn, canonical, dyadic_parameters, load_ann, ops, quantized_activations
from eventsnn import evaluate, reading_ticks


def silent_inactive(network, run, z):
    """Spikes of inactivated neurons: those that spiked though the ANN's current is <= 0."""
    return sum(
        int(np.count_nonzero((words(network, run, name, 1)[0] > 0) & (current <= 0)))
        for name, current in z.items()
    )


@pytest.mark.data
@pytest.mark.parametrize(("name", "phases"), [("resnet20", 4), ("resnet20", 8), ("resnet56", 4)])
def test_words_of_real_networks_on_real_images(data_dir, name, phases):
    ann = load_ann(data_dir / f"{name}_cifar10.npz", f"{name}-cifar")
    mean, std = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).reshape(2, 3, 1, 1)
    with np.load(data_dir / "cifar10_train_1of5.npz") as file:
        calibration = (file["x"][:32] / 255 - mean) / std
    with np.load(data_dir / "cifar10_test_958.npz") as file:
        x = np.round((file["x"][:2] / 255 - mean) / std * 2**16) / 2**16
        y = file["y"][:2]
    conversion = bsnn(ann, calibration, phases=phases, places=16)
    network, form = conversion.network, dyadic_parameters(canonical(ann), 16)
    for image in x:
        run = run_all(network, image, 1)
        check_all_words(
            *(network, run, form, conversion.thresholds, image[None]),
            phases=phases,
            rounding=True,
        )
        relus = form.names_of(ops.ReLU)
        currents = {relu: form.by_name[relu].inputs[0] for relu in relus}
        z = quantized_activations(
            *(form, image[None], conversion.thresholds, tuple(currents.values())),
            phases=phases,
        )
        assert silent_inactive(network, run, {r: z[c][0] for r, c in currents.items()}) == 0
    found = evaluate(network, x, y, ticks=int(reading_ticks(network, 1)[0]))
    assert found.accuracy.shape == (reading_ticks(network, 1)[0],)
