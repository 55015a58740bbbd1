"""Models as people write them: in, with PyTorch's answers, or refused with a reason."""

from __future__ import annotations

import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from styles import STYLES  # noqa: E402 - only with PyTorch

import converters  # noqa: E402 - same
from converters.intake.export_torch import export  # noqa: E402 - same
from eventsnn import ConversionError, UnsupportedLayerError  # noqa: E402 - same

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:.*at the end of the model is left out"),
    pytest.mark.filterwarnings("ignore:.*levels that are not uniform"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # of torch.export about itself
]


@pytest.mark.parametrize("name", STYLES)
def test_style(name, tmp_path):
    style = STYLES[name]
    torch.manual_seed(0)
    model = style.make()
    example = torch.rand(2, *style.shape)
    before = example.clone()
    if style.refused is not None:
        with pytest.raises((UnsupportedLayerError, ConversionError)) as caught:
            export(model, example, tmp_path / "x.npz")
        said = str(caught.value)
        assert re.search(style.refused, said), said
        assert "While executing" not in said
        assert not list(tmp_path.iterdir())
        return
    ann = export(model, example, tmp_path / "x.npz")
    assert torch.equal(example, before)
    assert converters.load_ann(tmp_path / "x.npz") == ann
    images = np.random.default_rng(0).normal(size=(8, *ann.input_shape)).astype(np.float32)
    images[:4] = np.abs(images[:4]) % 1
    if name == "max pool on the image":  # negative pixels have no spikes
        return
    conversion = converters.rate(ann, images, ticks=4)
    assert conversion.network.layers
