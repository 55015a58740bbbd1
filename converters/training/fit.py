"""The training loop: stochastic gradient descent on the cross entropy of logits."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from torch import nn

from eventsnn import ConversionError

__all__ = ["Epoch", "Precision", "accuracy", "fit"]

#: Of the layers that PyTorch finds fit for it; weights are float32 in any case.
Precision = Literal["float32", "bfloat16"]

#: Part of the steps in which the learning rate rises.
_WARM_UP = 0.25

#: Images answered at once where nothing is learnt.
_ANSWERED = 250


@dataclass(frozen=True)
class Epoch:
    """One line of the log.

    Args:
        epoch: from 1.
        loss: mean over the images of the epoch, as they were augmented.
        train_accuracy: part of them answered rightly, each before the step that learns it.
        seconds: wall time, without that of ``held_out``.
        held_out: part of the images held out that is answered rightly after the epoch.
    """

    epoch: int
    loss: float
    train_accuracy: float
    seconds: float
    held_out: float | None = None


def fit(
    model: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    weight_decay: float = 5e-4,
    parameters: Iterable[dict[str, Any]] | None = None,
    label_smoothing: float = 0.0,
    seed: int = 0,
    augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
    project: Callable[[nn.Module], None] | None = None,
    held_out: tuple[torch.Tensor, torch.Tensor] | None = None,
    precision: Precision = "float32",
    checkpoint: Path | None = None,
    log: Path | None = None,
) -> list[Epoch]:
    """Train ``model`` in place, and leave it in evaluation mode.

    Steps are those of SGD with Nesterov momentum .9. The learning rate goes through one cycle
    (Smith and Topin, arXiv 1708.07120): it rises linearly from 0 to ``learning_rate`` in the
    first quarter of the steps, and falls to 0 by half a cosine in the others. On the CPU the
    result is a function of the model's weights, the data, the arguments, the version of PyTorch
    and its number of threads. Interrupted and resumed from its checkpoint it is the same, bit by
    bit. A GPU adds in no fixed order unless ``torch.use_deterministic_algorithms`` asks for it.

    Args:
        model: (N, ...) images -> (N, classes) logits.
        images: all of them, (N, ...), as ``augment`` or the model takes them, on the model's
            device.
        labels: (N,), int64, there too.
        epochs: how often each image is seen.
        batch_size: images per step; the last of an epoch may have fewer.
        learning_rate: the largest.
        weight_decay: of weights; biases, batch norms and other vectors and numbers have
            none.
        parameters: groups as an optimizer of PyTorch takes them, each with a ``weight_decay``
            of its own, in place of that rule.
        label_smoothing: as in `torch.nn.CrossEntropyLoss`.
        seed: of the order of images, the augmentation, and what the model itself draws from
            PyTorch's global generators, which are left as they were.
        augment: applied to each batch.
        project: called with the model after each step, to put parameters back where they may
            be.
        held_out: images, as the model takes them, and labels to answer after each epoch; for
            choices, since the training does not see them.
        precision: of convolutions and products; "bfloat16" where a GPU is fast with it.
        checkpoint: written after each epoch, whole or not at all; where it exists, training
            goes on from there.
        log: JSON lines, one `Epoch` each, of all epochs so far.

    Raises:
        ConversionError: the loss is no longer finite, or the checkpoint is of a training
            with other arguments.
        OSError: a file cannot be written.
    """
    settings: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
        "seed": seed,
        "images": len(images),
        "precision": precision,
    }
    device = images.device
    groups = list(_decaying(model, weight_decay) if parameters is None else parameters)
    optimizer = torch.optim.SGD(groups, learning_rate, momentum=0.9, nesterov=True)
    steps = epochs * math.ceil(len(images) / batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(_one_cycle, steps))
    criterion = nn.CrossEntropyLoss(label_smoothing=label_smoothing)
    state = _State(model, optimizer, schedule, settings, device)
    lower = partial(torch.autocast, device.type, torch.bfloat16, enabled=precision == "bfloat16")
    with _own_generators(device), _progress() as progress:
        torch.manual_seed(seed)
        history = state.restored(checkpoint) if checkpoint and checkpoint.exists() else []
        task = progress.add_task("training", total=steps)
        progress.advance(task, schedule.last_epoch)
        for epoch in range(len(history) + 1, epochs + 1):
            model.train()
            began = time.perf_counter()
            # summed where they are, as to read one is to wait for its device
            total, right = torch.zeros(2, dtype=torch.float64, device=device)
            for batch in torch.randperm(len(images)).to(device).split(batch_size):
                x, y = images[batch], labels[batch]
                with lower():
                    logits = model(x if augment is None else augment(x))
                    loss = criterion(logits, y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                if project is not None:
                    project(model)
                total += loss.detach() * len(batch)
                right += (logits.argmax(1) == y).sum()
                progress.advance(task)
            _check_finite(total.item(), epoch)
            seconds = round(time.perf_counter() - began, 2)
            known = None if held_out is None else accuracy(model, *held_out)
            shares = (total.item() / len(images), right.item() / len(images))
            history.append(Epoch(epoch, *shares, seconds, known))
            if checkpoint is not None:
                _replace(checkpoint, partial(state.save, history))
            if log is not None:
                lines = "".join(json.dumps(asdict(line)) + "\n" for line in history)
                _replace(log, partial(Path.write_text, data=lines))
    model.eval()
    return history


def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Part of the images that ``model``, in evaluation mode from now on, answers rightly."""
    model.eval()
    with torch.no_grad():
        batches = zip(images.split(_ANSWERED), labels.split(_ANSWERED), strict=True)
        right = sum(int((model(x).argmax(1) == y).sum()) for x, y in batches)
    return right / len(images)


def _own_generators(device: torch.device) -> AbstractContextManager[None]:
    """Leave the global generators, of the CPU and of ``device``, as they were."""
    forked: AbstractContextManager[None]
    if device.type == "cpu":
        forked = torch.random.fork_rng(devices=[])
    else:
        forked = torch.random.fork_rng(devices=[device], device_type=device.type)
    return forked


@dataclass(frozen=True)
class _State:
    """What goes on after an interruption."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    settings: dict[str, Any]
    device: torch.device

    def save(self, history: list[Epoch], path: Path) -> None:
        content = {
            "settings": self.settings,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "generators": self.generators(),
            "history": [asdict(line) for line in history],
        }
        torch.save(content, path)

    def generators(self) -> list[torch.Tensor]:
        """States of the global generators: of the CPU, and of another device."""
        states = [torch.get_rng_state()]
        if self.device.type != "cpu":
            states.append(torch.get_device_module(self.device).get_rng_state(self.device))
        return states

    def restored(self, path: Path) -> list[Epoch]:
        content = torch.load(path, map_location="cpu", weights_only=True)
        if content["settings"] != self.settings:
            raise ConversionError(
                f"{path}: the checkpoint is of a training with {content['settings']}, "
                f"expected {self.settings}; finish that one, or remove the file"
            )
        self.model.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.schedule.load_state_dict(content["schedule"])
        own, *other = content["generators"]
        torch.set_rng_state(own)
        for generator in other:
            torch.get_device_module(self.device).set_rng_state(generator, self.device)
        return [Epoch(**line) for line in content["history"]]


def _decaying(model: nn.Module, weight_decay: float) -> Iterable[dict[str, Any]]:
    learnt = [values for values in model.parameters() if values.requires_grad]
    yield {"params": [p for p in learnt if p.ndim > 1], "weight_decay": weight_decay}
    yield {"params": [p for p in learnt if p.ndim <= 1], "weight_decay": 0.0}


def _one_cycle(steps: int, step: int) -> float:
    """The learning rate of a step, counted from 0, in parts of the largest."""
    done = (step + 1) / (steps + 1)
    if done <= _WARM_UP:
        return done / _WARM_UP
    return (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP))) / 2


def _check_finite(loss: float, epoch: int) -> None:
    if not math.isfinite(loss):
        raise ConversionError(
            f"epoch {epoch}: the loss is {loss}; use a smaller learning rate, and remove the "
            f"checkpoint to begin again"
        )


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside ``path`` and move it there, so that no half file is left."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _progress() -> Progress:
    """A bar, shown only where the output is a terminal."""
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, transient=True)
