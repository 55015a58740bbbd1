"""Fields of a JSON object, each taken once and checked, none left over."""

from __future__ import annotations

import json
import math
from typing import Any, TypeVar

from eventsnn import FileFormatError

__all__ = ["Fields"]

_REQUIRED: Any = object()

_Word = TypeVar("_Word", bound=str)


class Fields:
    """What is left to read of one JSON object.

    Args:
        value: the parsed object.
        owner: what it is, for messages.

    Raises:
        FileFormatError: here and in all methods, with owner, field, found and expected.
    """

    def __init__(self, value: Any, owner: str) -> None:
        if not isinstance(value, dict):
            raise FileFormatError(f"{owner}: expected a JSON object, found {_shown(value)}")
        self.owner = owner
        self._left = dict(value)

    def take(self, name: str, default: Any = _REQUIRED) -> Any:
        """The field as it stands."""
        if name in self._left:
            return self._left.pop(name)
        if default is _REQUIRED:
            raise FileFormatError(f"{self.owner}: the field `{name}` is missing")
        return default

    def refuse(self, name: str, expected: str, found: Any) -> FileFormatError:
        """The error to raise about a field."""
        return FileFormatError(f"{self.owner}: `{name}` must be {expected}, found {_shown(found)}")

    def text(self, name: str, default: Any = _REQUIRED) -> str:
        """A string that is not empty."""
        value = self.take(name, default)
        if not isinstance(value, str) or not value:
            raise self.refuse(name, "a non-empty string", value)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        value = self.take(name)
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self.refuse(name, "a list of strings", value)
        return tuple(value)

    def integer(self, name: str, default: Any = _REQUIRED) -> int:
        """A positive integer."""
        value = self.take(name, default)
        if not _is_int(value) or value < 1:
            raise self.refuse(name, "a positive integer", value)
        return int(value)

    def integers(self, name: str) -> tuple[int, ...]:
        """A list of positive integers."""
        value = self.take(name)
        if not isinstance(value, list) or not all(_is_int(v) and v > 0 for v in value):
            raise self.refuse(name, "a list of positive integers", value)
        return tuple(value)

    def pair(self, name: str, default: Any = _REQUIRED) -> tuple[int, int]:
        """Two integers >= 0; one stands for both."""
        value = self.take(name, default)
        values = [value, value] if _is_int(value) else value
        if (
            not isinstance(values, list | tuple)
            or len(values) != 2
            or not all(_is_int(v) and v >= 0 for v in values)
        ):
            raise self.refuse(name, "an integer or a list of two, >= 0", value)
        return values[0], values[1]

    def number(self, name: str, default: Any = _REQUIRED) -> float:
        """A finite number."""
        value = self.take(name, default)
        if not _is_finite(value):
            raise self.refuse(name, "a finite number", value)
        return float(value)

    def number_or_none(self, name: str) -> float | None:
        """A finite number, or None where there is no such field."""
        return self.number(name) if name in self._left else None

    def choice(self, name: str, values: tuple[_Word, ...], default: Any = _REQUIRED) -> _Word:
        """One of a few words."""
        found = self.take(name, default)
        for value in values:
            if found == value:
                return value
        raise self.refuse(name, " or ".join(map(json.dumps, values)), found)

    def flag(self, name: str, default: Any = _REQUIRED) -> bool:
        """True or false."""
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise self.refuse(name, "true or false", value)
        return value

    def finish(self) -> None:
        """Refuse fields that nobody asked for: a misspelt option must not be ignored."""
        if self._left:
            raise FileFormatError(f"{self.owner}: unknown fields {sorted(self._left)}")


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    try:
        return (_is_int(value) or isinstance(value, float)) and math.isfinite(value)
    except OverflowError:  # an integer that no float can hold
        return False


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
