"""What a property says of a network where it found no violation."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DoesNotApply", "Held", "Outcome"]


@dataclass(frozen=True)
class Held:
    """The property was checked and holds.

    Attributes:
        how: what was compared, and how exactly.
        spikes: how many took part; a property of silence shows little elsewhere.
    """

    how: str
    spikes: int


@dataclass(frozen=True)
class DoesNotApply:
    """Nothing was checked: the property says nothing of this network on these inputs.

    Attributes:
        why: names the layer and what it has.
    """

    why: str


Outcome = Held | DoesNotApply
