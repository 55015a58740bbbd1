"""Hypothesis strategies for ANNs, and what must be true of a converted network.

Needs the extra ``eventsnn[test]``. Properties raise AssertionError with the layer and both
values, or say whether they applied, as those of `eventsnn.testing.properties`.
"""

from converters.testing.anns import anns, as_code, images
from converters.testing.phase_words import words_equal_quantized_ann
from converters.testing.rate_bound import rates_within_bound
from converters.testing.round_trip import npz_round_trip

__all__ = [
    "anns",
    "as_code",
    "images",
    "npz_round_trip",
    "rates_within_bound",
    "words_equal_quantized_ann",
]
