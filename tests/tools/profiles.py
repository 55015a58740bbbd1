"""How many examples a test draws in the profile that `conftest.py` loaded, and what it skips."""

import numba
import pytest
from hypothesis import settings

#: Draws of a property in CI, which the numbers in tests are meant for.
_CI = 300

#: Why some tests do not run without the compiler.
OF_REAL_SIZE = "of real size: not for the profile that shows branches"
compiled = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason=OF_REAL_SIZE)


def examples(number):
    """``number`` in the profile of CI, in proportion in the others."""
    return max(5, number * settings().max_examples // _CI)
