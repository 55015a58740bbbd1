"""How many examples a test draws in the profile that `conftest.py` loaded, and what it skips."""

import numba
import pytest
from hypothesis import settings

_DEFAULT = 300

compiled = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="of real size: not for the profile that shows branches"
)


def examples(number):
    """``number`` in the default profile, in proportion in the others."""
    return max(5, number * settings().max_examples // _DEFAULT)
