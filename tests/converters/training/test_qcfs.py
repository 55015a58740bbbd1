"""The activation of few levels: its values, its gradients, and that a neuron's rate is it."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402 - only with PyTorch
from hypothesis import strategies as st  # noqa: E402 - same

from converters.training.qcfs import QCFS  # noqa: E402 - same
from eventsnn import ConversionError  # noqa: E402 - same

pytestmark = pytest.mark.torch

LEVELS = st.integers(1, 16)


@given(LEVELS, st.integers(1, 64), st.lists(st.integers(-300, 300), min_size=1))
def test_it_is_the_rate_of_an_if_neuron_over_as_many_steps(levels, ceiling, numbers):
    """In multiples of 1/16, c of 1/8 and with L c / 2 exact: no sum rounds, so all are equal."""
    c = ceiling / 8
    x = np.array(numbers, dtype=np.float64) / 16
    v, count = np.full(x.shape, c / 2), np.zeros(x.shape)
    for _ in range(levels):
        v += x
        fired = v >= c
        v -= c * fired
        count += fired
    layer = QCFS(levels, c).double()
    rate = layer(torch.from_numpy(x)).detach().numpy() / c * levels
    # x L / c is not always exact: where it should be a half, the level below may come out
    near = np.isclose(x * levels / c % 1, 0.5)
    np.testing.assert_allclose(rate[~near], count[~near], rtol=0, atol=1e-9)
    assert np.all(np.abs(rate[near] - count[near]) < 1 + 1e-9)


def test_gradients_pass_the_floor_straight():
    layer = QCFS(4, 2.0)
    x = torch.tensor([-0.5, 0.2, 0.3, 1.1, 1.9, 2.5], requires_grad=True)
    y = layer(x)
    assert y.tolist() == [0, 0, 0.5, 1, 2, 2]
    weight = torch.tensor([1.0, 2, 3, 4, 5, 6])
    (weight * y).sum().backward()
    assert x.grad.tolist() == [0, 2, 3, 4, 5, 0]
    between = (weight * (y - x).detach() / 2)[1:5].sum()
    torch.testing.assert_close(layer.ceiling.grad, between + 6)


def test_impossible_ones_are_refused():
    with pytest.raises(ConversionError, match="levels: expected an int >= 1, found 0"):
        QCFS(0)
    with pytest.raises(ConversionError, match=r"ceiling: expected a number > 0, found -1\.0"):
        QCFS(4, -1.0)
