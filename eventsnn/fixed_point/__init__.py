"""Networks in integers: what hardware without floating point runs, proven not to overflow.

`quantize` is the verb; ``docs/fixed_point.md`` has the equations.
"""

from eventsnn.fixed_point.bounds import Extent
from eventsnn.fixed_point.quantize import FixedPoint, IntegerLayer, quantize

__all__ = ["Extent", "FixedPoint", "IntegerLayer", "quantize"]
