"""Networks trained to be converted: models, and a loop to train them.

Needs the extra ``eventsnn[torch]``; besides `converters.intake.export_torch` the one place that
imports PyTorch.
"""

from __future__ import annotations

from eventsnn import MissingExtraError

try:
    import torch  # noqa: F401 - whether it is there; what needs it lies in the modules beside
except ImportError as error:
    raise MissingExtraError(
        'training needs PyTorch: python -m pip install "eventsnn[torch]"'
    ) from error
