"""How many examples a test draws in the profile that `conftest.py` loaded, and what it skips."""

import numba
import pytest
from hypothesis import settings

_DEFAULT = 300

#: Why some tests do not run without the compiler.
OF_REAL_SIZE = "of real size: not for the profile that shows branches"
compiled = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason=OF_REAL_SIZE)


def examples(number):
    """``number`` in the default profile, in proportion in the others."""
    return max(5, number * settings().max_examples // _DEFAULT)
