"""Drawn PyTorch models: the export answers as PyTorch does on unseen images, or is refused."""

from __future__ import annotations

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402 - only with PyTorch
from hypothesis import strategies as st  # noqa: E402 - same
from profiles import examples  # noqa: E402 - same

from converters import forward, ops  # noqa: E402 - same
from converters.intake.export_torch import trace  # noqa: E402 - same
from converters.testing.torch_models import torch_models  # noqa: E402 - same
from eventsnn import ConversionError, UnsupportedLayerError  # noqa: E402 - same

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:.*at the end of the model is left out"),
]


@given(torch_models(), st.integers(0, 2**16))
@settings(max_examples=examples(150))
def test_exported_or_refused_never_wrong(drawn, seed):
    model, shape = drawn
    generator = torch.Generator().manual_seed(seed)
    example = torch.rand(2, *shape, generator=generator)
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    given_images = example.clone()
    try:
        ann = trace(model, example)
    except (UnsupportedLayerError, ConversionError):
        return
    finally:
        assert torch.equal(example, given_images)
        assert all(torch.equal(v, weights[name]) for name, v in model.state_dict().items())
    unseen = (3 * torch.randn(5, *shape, generator=generator)).double()
    with torch.no_grad():
        expected = copy.deepcopy(model).double()(unseen.clone()).numpy()
    found = forward(ann, unseen.numpy(), dtype=np.float64)
    # of a model that ends in a ReLU, what the ReLU reads
    last_relu = np.all(expected >= 0) and not np.all(found >= 0)
    found = np.maximum(found, 0) if last_relu else found
    spread = max(np.abs(expected - expected.mean()).max(), 1e-3 * np.abs(expected).max())
    assert np.abs(found - expected).max() <= 1e-4 * spread + 1e-9
    assert ann.names_of(ops.Linear) or ann.names_of(ops.Sparse)
