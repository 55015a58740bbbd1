"""What to keep of a simulation besides the read-out and the counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eventsnn.description.network import Network
from eventsnn.errors import InputError

__all__ = ["Record"]


@dataclass(frozen=True)
class Record:
    """What to keep besides the read-out and the counts; nothing by default.

    Args:
        spikes: names of layers whose spikes are kept.
        potentials: names of layers whose potential is kept at the end of the tick, after
            the reset.
        potentials_before_reset: names of layers whose potential is kept as the threshold
            test saw it.
        ticks: the ticks to keep of spikes and potentials, rising, such as
            ``range(90, 100)``; None keeps all. Memory for potentials is proportional to
            their number, not to the length of the run.
        operations_after: numbers of ticks, rising: the operations that a run of so few
            ticks would have done are kept for each.
        resumable: keep the state at the end, for `eventsnn.Run.resume`.

    Raises:
        InputError: ticks that do not rise, or a name in place of a tuple of names.
    """

    spikes: tuple[str, ...] = ()
    potentials: tuple[str, ...] = ()
    potentials_before_reset: tuple[str, ...] = ()
    ticks: Iterable[int] | None = None
    operations_after: tuple[int, ...] = ()
    resumable: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "operations_after", tuple(map(int, self.operations_after)))
        _check_rising(self.operations_after, 1, "operations_after")
        if self.ticks is not None:
            if not isinstance(self.ticks, range):
                object.__setattr__(self, "ticks", tuple(map(int, self.ticks)))
            _check_rising(self.ticks, 0, "ticks")
        for what in ("spikes", "potentials", "potentials_before_reset"):
            names = getattr(self, what)
            if isinstance(names, str):
                raise InputError(f"Record.{what}: expected a tuple of layer names, found {names!r}")
            object.__setattr__(self, what, tuple(names))

    @classmethod
    def everything(cls, network: Network) -> Record:
        """Spikes and potentials of every layer: for small networks and tests."""
        names = tuple(layer.name for layer in network.layers)
        return cls(spikes=names, potentials=names, potentials_before_reset=names)

    def kept_ticks(self, ticks: int) -> NDArray[np.int64]:
        """The ticks to keep of a run of ``ticks``."""
        if self.ticks is None:
            return np.arange(ticks)
        kept = np.fromiter(self.ticks, dtype=np.int64)
        return kept[kept < ticks]

    def check_names(self, network: Network) -> None:
        """Refuse layers that ``network`` does not have.

        Raises:
            InputError: names them, and those that there are.
        """
        names = {layer.name for layer in network.layers}
        for what in ("spikes", "potentials", "potentials_before_reset"):
            unknown = [name for name in getattr(self, what) if name not in names]
            if unknown:
                raise InputError(
                    f"Record.{what}: no layer {', '.join(f'`{name}`' for name in unknown)}; "
                    f"the network has {', '.join(f'`{name}`' for name in sorted(names))}"
                )


def _check_rising(ticks: Iterable[int], least: int, what: str) -> None:
    if any(b <= a for a, b in pairwise((least - 1, *ticks))):
        raise InputError(
            f"Record.{what}: expected rising numbers of ticks >= {least}, found {ticks}"
        )
