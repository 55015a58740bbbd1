"""A network, and how to use it: what a conversion returns, what a file holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from eventsnn.datasets.batches import images_and_labels
from eventsnn.description.summary import network_table
from eventsnn.errors import InputError
from eventsnn.evaluation.evaluate import Evaluation, evaluate
from eventsnn.hdf5 import NetworkFile, load_network, save_network
from eventsnn.signals.preprocessing import ImageArray, PreprocessedImages, Preprocessing
from eventsnn.signals.spikes import Spikes

__all__ = ["Conversion"]


@dataclass(frozen=True, eq=False, repr=False)
class Conversion(NetworkFile):
    """A spiking network with its preprocessing, its T, its source and what made it.

    The fields are those of `eventsnn.hdf5.NetworkFile`; only ``network`` must be known.
    """

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all of it to an HDF5 file; an older one is replaced when the new one is whole.

        Raises:
            OSError: the file cannot be written.
        """
        save_network(path, self)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save`, or ``eventsnn convert``, wrote.

        Raises:
            FileFormatError: missing, damaged, of another kind; names the item.
        """
        return cls._of(load_network(path))

    @classmethod
    def _of(cls, file: NetworkFile) -> Self:
        return cls(**{f.name: getattr(file, f.name) for f in fields(NetworkFile)})

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        *,
        ticks: int | None = None,
        **options: Any,
    ) -> Evaluation:
        """Run every sample and compare the answers with ``y``; see `eventsnn.evaluate`.

        Args:
            x: raw images, as the preprocessing expects them, or recordings of events; or what
                hands them out, such as a PyTorch ``DataLoader``.
            y: labels, in any form that `eventsnn.evaluate` takes; None for those beside the
                batches, if any.
            ticks: T; that of the conversion by default.
            options: further ones of `eventsnn.evaluate`.

        Raises:
            InputError: no T is known, more ticks than were proven for a network in integers.
            DataError: images that do not fit.
        """
        x, beside = images_and_labels(x, self.network.inputs[0].shape)
        y = beside if y is None else y
        chosen = self.run_length(ticks)
        if self.integers is not None:
            options = {"precision": self.integers.precision, **options}
        return evaluate(self.network, self.prepared(x), y, ticks=chosen, **options)

    def prepared(self, x: Any) -> Any:
        """Images as the network takes them, preprocessed where they are sliced; events as they are.

        Raises:
            DataError: images that do not fit.
            InputError: the network has several inputs.
        """
        if isinstance(x, Sequence) and all(isinstance(sample, Spikes) for sample in x[:1]):
            return x
        if len(self.network.inputs) != 1:
            names = ", ".join(f"`{node.name}`" for node in self.network.inputs)
            raise InputError(
                f"the network has the inputs {names}; only networks with one are evaluated, use "
                f"eventsnn.simulate"
            )
        images: ImageArray = x if hasattr(x, "dtype") and hasattr(x, "shape") else np.asarray(x)
        constants = self.preprocessing or Preprocessing()
        return PreprocessedImages(images, constants, self.network.inputs[0].shape)

    def run_length(self, ticks: int | None = None) -> int:
        """T: ``ticks`` where given, else that of the conversion.

        Raises:
            InputError: neither is known, or a network in integers is not proven for so many.
        """
        chosen = self.ticks if ticks is None else ticks
        if chosen is None:
            raise InputError("the network names no T of its own; give ticks")
        if self.integers is not None and chosen > self.integers.ticks:
            raise InputError(
                f"its integers are proven to fit for T = {self.integers.ticks}, asked for "
                f"{chosen}; quantize with ticks={chosen} (--ticks {chosen})"
            )
        return chosen

    def __str__(self) -> str:
        made = ", ".join(f"{key} {value}" for key, value in self.parameters.items())
        head = f"{type(self).__name__}: recipe {self.recipe or 'unknown'}"
        if made:
            head += f" ({made})"
        if self.ticks is not None:
            head += f", T = {self.ticks}"
        return f"{head}\n{network_table(self.network)}"

    __repr__ = __str__
