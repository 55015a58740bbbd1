"""How sure an accuracy is that was measured on some of the samples."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.special import stdtrit

from eventsnn.evaluation.total import Standing

__all__ = ["half_width", "narrower_than", "wilson"]

_NORMAL = 1.959963984540054  # 97.5 % of a normal distribution lie below
#: Fewer chunks say nothing about how much they differ.
_FEWEST = 30


def wilson(correct: int, samples: int) -> tuple[float, float]:
    """95 % interval of a share, for samples that are drawn one by one.

    Source: Wilson, Probable inference, the law of succession, and statistical inference,
    Journal of the American Statistical Association 22 (1927) 209-212.
    """
    share, z2 = correct / samples, _NORMAL**2
    middle = (share + z2 / (2 * samples)) / (1 + z2 / samples)
    reach = (
        _NORMAL
        * math.sqrt(share * (1 - share) / samples + z2 / (4 * samples**2))
        / (1 + z2 / samples)
    )
    # rounding must not put the share outside
    return min(share, max(0.0, middle - reach)), max(share, min(1.0, middle + reach))


def half_width(standing: Standing) -> float:
    """Half the 95 % interval of the accuracy, for chunks that are drawn at random.

    Chunks are neighbours in a file, which may be sorted by class, so it is chunks that vary
    independently: the ratio estimator of cluster sampling with Student's t. Where they happen
    not to vary, the interval of single samples stands. Without labels it is 1.

    Source: Cochran, Sampling Techniques, 3rd edition (1977), section 3.12.
    """
    if standing.correct is None or not standing.finished:
        return 1.0
    low, high = wilson(standing.correct, standing.finished)
    single = (high - low) / 2
    if standing.chunks < _FEWEST:
        return max(single, 0.5)
    share = standing.correct / standing.finished
    sizes, products, corrects = standing.squares
    residuals = max(0.0, corrects - 2 * share * products + share**2 * sizes)
    variance = residuals / (standing.chunks - 1) * standing.chunks / standing.finished**2
    return max(single, float(stdtrit(standing.chunks - 1, 0.975)) * math.sqrt(variance))


def narrower_than(limit: float) -> Callable[[Standing], bool]:
    """For ``watch`` of `eventsnn.evaluate`: stop when the accuracy is known to +- ``limit``."""
    return lambda standing: half_width(standing) < limit
