"""A trained network, trained on with activations that spiking neurons can tell."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from converters.ann.graph import Ann
from converters.training.ann_module import AnnModule
from converters.training.ceilings import (
    Bounded,
    bounded,
    initialize_ceilings,
    keep_ceilings_positive,
    parameter_groups,
)
from converters.training.clip import ClippedReLU
from converters.training.fit import Precision, fit
from converters.training.qcfs import QCFS
from converters.training.spiking import ScaledSpike
from eventsnn import ConversionError, InputError

__all__ = ["ActivationName", "fine_tune", "with_activations"]

#: See `fine_tune`.
ActivationName = Literal["clip", "qcfs", "noise"]

_BY_NAME: dict[str, Callable[[], Bounded]] = {
    "clip": ClippedReLU,
    "qcfs": partial(QCFS, 8),
    "noise": ScaledSpike,
}

#: Images from which the first ceilings come.
_MEASURED = 500


def fine_tune(
    network: Ann | nn.Module,
    images: ArrayLike | torch.Tensor,
    labels: ArrayLike | torch.Tensor,
    *,
    activation: ActivationName | Callable[[], Bounded],
    epochs: int = 10,
    batch_size: int = 128,
    learning_rate: float = 0.05,
    weight_decay: float = 5e-4,
    ceiling_decay: float = 1e-3,
    seed: int = 0,
    augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
    held_out: tuple[torch.Tensor, torch.Tensor] | None = None,
    precision: Precision = "float32",
    device: torch.device | str = "cpu",
    checkpoint: Path | None = None,
    log: Path | None = None,
) -> nn.Module:
    """A copy of ``network`` whose ReLUs have become ``activation``, trained with them.

    Each ReLU gets a ceiling of its own, which begins at a high quantile of what arrives there
    and is trained with the weights. Then `converters.training.fit` does the rest. What
    comes back is for `converters.intake.export_torch.export` and, from there,

    - "clip", ``min(max(x, 0), c)``: recipe ``rate``, for which no threshold must be guessed;
    - "qcfs", the same in 8 levels, see `QCFS`: recipe ``rate`` at T = 8;
    - "noise", a spike in a single step, see `ScaledSpike`: recipe ``noise`` at any T;
    - ``partial(QCFS, 4)``, ``partial(ScaledSpike, deviation=0.2)``, ...: the same with other
      parameters.

    Args:
        network: as `converters.load_ann` reads it, or a module whose activations are modules
            ``nn.ReLU``, ``nn.ReLU6`` or `Bounded`. It is not changed.
        images: (N, ...), as ``augment`` or the network takes them.
        labels: (N,), integers.
        activation: its name, or what makes it.
        epochs, batch_size, learning_rate, weight_decay, seed: see `converters.training.fit`.
        ceiling_decay: of ceilings, see `converters.training.ceilings.parameter_groups`.
        augment, held_out, precision, checkpoint, log: see `converters.training.fit`.
        device: where to train.

    Returns:
        The trained module, in evaluation mode, on the CPU.

    Raises:
        ConversionError: no ReLU in ``network``, an unknown activation, or what
            `converters.training.fit` refuses.
        InputError: as many labels as images are expected.
        OSError: a file cannot be written.
    """
    model = with_activations(network, activation).to(device, memory_format=torch.channels_last)
    x, y = _tensor(images).to(device), _tensor(labels).long().to(device)
    if len(x) != len(y) or len(x) == 0:
        raise InputError(f"labels: expected one for each image, found {len(y)} for {len(x)}")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        few = x[:_MEASURED]
        initialize_ceilings(model.eval(), few if augment is None else augment(few))
    fit(
        model,
        x,
        y,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        parameters=parameter_groups(model, weight_decay=weight_decay, ceiling_decay=ceiling_decay),
        seed=seed,
        augment=augment,
        project=keep_ceilings_positive,
        held_out=held_out,
        precision=precision,
        checkpoint=checkpoint,
        log=log,
    )
    return model.to("cpu", memory_format=torch.contiguous_format)


def with_activations(
    network: Ann | nn.Module, activation: ActivationName | Callable[[], Bounded]
) -> nn.Module:
    """A copy of ``network`` with ``activation`` in place of each ReLU; see `fine_tune`.

    Raises:
        ConversionError: no ReLU in ``network``, or an unknown activation.
    """
    if isinstance(activation, str) and activation not in _BY_NAME:
        raise ConversionError(
            f"activation: expected one of {get_args(ActivationName)} or what makes a module, "
            f"found {activation!r}"
        )
    make = _BY_NAME[activation] if isinstance(activation, str) else activation
    model = AnnModule(network) if isinstance(network, Ann) else copy.deepcopy(network)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.ReLU | nn.ReLU6 | Bounded):
                setattr(parent, name, make())
    if next(bounded(model), None) is None:
        raise ConversionError(
            f"{type(network).__name__}: found no activation to replace; make each of them a "
            f"module nn.ReLU (torch.nn.functional.relu leaves no place), or load the exported "
            f"file and pass the Ann"
        )
    return model


def _tensor(values: ArrayLike | torch.Tensor) -> torch.Tensor:
    if isinstance(values, torch.Tensor):
        return values
    return torch.from_numpy(np.ascontiguousarray(values))
