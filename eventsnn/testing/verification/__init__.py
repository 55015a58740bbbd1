"""Properties held against one given network, on drawn inputs and on real ones."""

from eventsnn.testing.verification.certificate import certificate
from eventsnn.testing.verification.effort import Effort, effort_for
from eventsnn.testing.verification.search import Finding, verify

__all__ = ["Effort", "Finding", "certificate", "effort_for", "verify"]
