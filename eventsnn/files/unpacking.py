"""How much a compressed file may become in memory: whoever wrote it chose what it declares."""

from __future__ import annotations

__all__ = ["unpacks_too_far"]

#: Bytes that anything may unpack to.
_FREE = 2**26
#: Bytes for each stored one beyond. Photographs make 1.2, line drawings and weights of which
#: one in a hundred is left 50; zeros, of which deflate packs a thousand into one, are refused.
_RATIO = 200


def unpacks_too_far(stored: int, unpacked: int) -> bool:
    """Whether ``unpacked`` bytes are more than ``stored`` ones may stand for."""
    return unpacked > _FREE + _RATIO * stored
