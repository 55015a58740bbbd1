"""The report of an evaluation: `build` it, keep it in a `file`, show it as `html`."""

from eventsnn.evaluation.evaluate import reported_ticks
from eventsnn.report.build import build_report
from eventsnn.report.curves import EnergyCurve, energy_curves, operations_along
from eventsnn.report.file import read_operations, read_report, write_report
from eventsnn.report.html import report_page

__all__ = [
    "EnergyCurve",
    "build_report",
    "energy_curves",
    "operations_along",
    "read_operations",
    "read_report",
    "report_page",
    "reported_ticks",
    "write_report",
]
