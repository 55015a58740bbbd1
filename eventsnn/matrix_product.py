"""Products of matrices, without the warnings that BLAS raises for no reason.

Some builds of BLAS work on lanes that belong to no element, and whatever lies there sets
the processor's flag "invalid" (or "divide by zero"); NumPy reads the flag and warns, though
every element of the result is right (NumPy issues 13173 and 24067, OpenBLAS issue 1924).
Where warnings are errors, that ends a run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["matrix_product"]


def matrix_product(a: Any, b: Any) -> Any:
    """``a @ b``; an overflow still warns, and without one finite factors give no NaN."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return a @ b
