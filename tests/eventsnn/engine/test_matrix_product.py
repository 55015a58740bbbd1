"""Products of matrices: the values of ``@``, and only the warnings that mean something."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eventsnn.matrix_product import matrix_product

SIZE = st.integers(0, 5)


@given(st.data(), st.tuples(SIZE, SIZE, SIZE))
def test_it_is_the_product(data, sizes):
    rows, inner, columns = sizes
    eighths = st.integers(-64, 64).map(lambda n: n / 8)
    a = data.draw(hnp.arrays(np.float32, (rows, inner), elements=eighths))
    b = data.draw(hnp.arrays(np.float32, (inner, columns), elements=eighths))
    wanted = (a[:, :, None] * b[None]).sum(axis=1)
    np.testing.assert_array_equal(matrix_product(a, b), wanted)
    np.testing.assert_array_equal(matrix_product(sp.csr_array(a), b), wanted)


def test_the_flag_invalid_says_nothing_of_a_product():
    assert np.isnan(matrix_product(np.array([[np.inf]]), np.array([[0.0]])))


def test_an_overflow_is_told():
    large = np.full((2, 2), 1e38, dtype=np.float32)
    with pytest.warns(RuntimeWarning, match="overflow"):
        matrix_product(large, large)
