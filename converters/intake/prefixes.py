"""Keys of a ``state_dict`` that lie in a wrapper: DataParallel, torch.compile, Lightning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

__all__ = ["described", "shared_prefix", "without_prefixes"]

_Value = TypeVar("_Value")

#: Of DataParallel, torch.compile, and what Lightning modules often call theirs.
_WRAPPERS = ("module", "_orig_mod", "model")


def shared_prefix(keys: Mapping[str, Any]) -> str:
    """The first part that all keys have, with its dot; empty where there is none."""
    firsts = {key.partition(".")[0] for key in keys}
    return f"{firsts.pop()}." if len(firsts) == 1 and all("." in key for key in keys) else ""


def without_prefixes(values: Mapping[str, _Value]) -> Iterator[Mapping[str, _Value]]:
    """As they are, then without one shared first part after the other."""
    yield values
    while prefix := shared_prefix(values):
        values = {key.removeprefix(prefix): value for key, value in values.items()}
        yield values


def described(keys: Mapping[str, Any]) -> str:
    """For messages about keys that do not fit: what they share, and what usually puts it there."""
    prefix = shared_prefix(keys)
    if not prefix:
        return ""
    usual = ", a wrapper's" if prefix[:-1] in _WRAPPERS else ""
    return f"; all keys begin with `{prefix}`{usual}, and do not fit without it either"
