"""What cannot come in, collected so that all of it is said at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Found", "Refusal", "message"]

#: Places named one by one before the others are counted.
_PLACES = 3


class Refusal(Exception):  # noqa: N818 - caught within the package, never shown by this name
    """This call cannot become part of an ANN.

    Args:
        why: continues "`conv1` (Conv2d)".
        remedy: what to do about it.
    """

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why, remedy)
        self.why, self.remedy = why, remedy


@dataclass(frozen=True)
class Found:
    """A refused call.

    Attributes:
        place: path of the module, empty for the model's own forward.
        operator: as the user knows it.
        line: of the user's code, "file:number: `text`"; empty where unknown.
        why, remedy: see `Refusal`.
    """

    place: str
    operator: str
    line: str
    why: str
    remedy: str


def message(model: str, found: Sequence[Found]) -> str:
    """All refusals, those with one reason together."""
    groups: dict[tuple[str, str, str], list[Found]] = {}
    for item in found:
        groups.setdefault((item.operator, item.why, item.remedy), []).append(item)
    lines = [
        _group(operator, why, remedy, items) for (operator, why, remedy), items in groups.items()
    ]
    if len(lines) == 1:
        return lines[0]
    head = f"{model}: {len(lines)} kinds of operations cannot become spikes:"
    return "\n".join([head, *(f"  - {line}" for line in lines)])


def _group(operator: str, why: str, remedy: str, items: Sequence[Found]) -> str:
    places = list(dict.fromkeys(item.place for item in items))
    named = [f"`{place}`" if place else "forward" for place in places[:_PLACES]]
    if len(places) > _PLACES:
        named.append(f"{len(places) - _PLACES} more")
    line = f", {items[0].line}" if items[0].line else ""
    return f"{', '.join(named)} ({operator}{line}) {why}; {remedy}"
