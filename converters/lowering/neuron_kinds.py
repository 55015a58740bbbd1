"""Which kind of neuron each ReLU becomes: one for all of them, or by patterns of names."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Literal

from converters.ann import ops
from converters.ann.graph import Ann
from eventsnn import ConversionError

__all__ = ["NeuronKind", "NeuronKinds", "neuron_kinds"]

NeuronKind = Literal["if", "signed"]
#: A kind for all ReLUs, or by name or pattern, as in ``{"layer3.*": "signed"}``.
NeuronKinds = NeuronKind | Mapping[str, NeuronKind]


def neuron_kinds(ann: Ann, neuron: NeuronKinds) -> dict[str, NeuronKind]:
    """The kind of each ReLU by name.

    Args:
        ann: where the ReLUs are.
        neuron: a kind for all; or kinds by name or shell pattern (``*``, ``?``, ``[...]``). A
            name counts before patterns, then the first that matches; the rest are "if".

    Raises:
        ConversionError: an unknown kind; a pattern that matches no ReLU.
    """
    relus = ann.names_of(ops.ReLU)
    patterns = neuron if isinstance(neuron, Mapping) else {"*": neuron}
    for pattern, kind in patterns.items():
        if kind not in ("if", "signed"):
            raise ConversionError(f'neuron: expected "if" or "signed", found {kind!r}')
        if isinstance(neuron, Mapping) and not any(_matches(name, pattern) for name in relus):
            raise ConversionError(
                f"neuron: `{pattern}` matches no ReLU; expected one of, or a pattern of, "
                f"{', '.join(relus)}"
            )
    return {name: _kind(name, patterns) for name in relus}


def _kind(name: str, patterns: Mapping[str, NeuronKind]) -> NeuronKind:
    if name in patterns:
        return patterns[name]
    return next((kind for pattern, kind in patterns.items() if _matches(name, pattern)), "if")


def _matches(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)
