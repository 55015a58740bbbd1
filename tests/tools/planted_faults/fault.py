"""One edit of one file."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Fault"]


@dataclass(frozen=True)
class Fault:
    """Every ``before`` in ``file`` becomes ``after``."""

    file: str
    before: str
    after: str
