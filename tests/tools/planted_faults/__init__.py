"""Deliberate faults, and the properties that are to catch them.

Each fault is one edit of one file, applied to a copy of the packages. The list was fixed
before it was run; a fault that slips through shows that a property is missing.
"""

from __future__ import annotations

from planted_faults.converters import ANNS, CONVERSIONS
from planted_faults.counts import COUNTS
from planted_faults.engine import ENGINE
from planted_faults.fault import Fault
from planted_faults.fused import FUSED
from planted_faults.resumed import RESUMED
from planted_faults.run import GROUPS, run_properties

__all__ = ["FAULTS", "GROUPS", "Fault", "run_properties"]

#: By the group of properties, then by name.
FAULTS = {
    "engine": ENGINE,
    "fused": FUSED,
    "counts": COUNTS,
    "resumed": RESUMED,
    "anns": ANNS,
    "conversions": CONVERSIONS,
}
