"""Text of anybody's files, made fit to be shown."""

from __future__ import annotations

import unicodedata

__all__ = ["printable"]


def printable(text: str, encoding: str = "utf-8") -> str:
    r"""``text`` with an escape such as ``\x1b`` for what does not print.

    That is what commands a terminal, turns the direction of writing, or has no place in
    ``encoding``. Ends of lines and tabs stay.
    """
    if not text.isprintable():
        text = "".join(map(_shown, text))
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _shown(character: str) -> str:
    if character.isprintable() or character in "\n\t" or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")
