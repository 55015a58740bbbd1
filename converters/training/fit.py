"""The training loop: stochastic gradient descent on the cross entropy of logits."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from torch import nn

from eventsnn import ConversionError

__all__ = ["Epoch", "fit"]

#: Part of the steps in which the learning rate rises.
_WARM_UP = 0.25


@dataclass(frozen=True)
class Epoch:
    """One line of the log.

    Args:
        epoch: from 1.
        loss: mean over the images of the epoch, as they were augmented.
        train_accuracy: part of them answered rightly, each before the step that learns it.
        seconds: wall time.
    """

    epoch: int
    loss: float
    train_accuracy: float
    seconds: float


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
    checkpoint: Path | None = None,
    log: Path | None = None,
) -> list[Epoch]:
    """Train ``model`` in place, and leave it in evaluation mode.

    Steps are those of SGD with Nesterov momentum .9. The learning rate goes through one cycle
    (Smith and Topin, arXiv 1708.07120): it rises linearly from 0 to ``learning_rate`` in the
    first quarter of the steps, and falls to 0 by half a cosine in the others. The result is a
    function of the model's weights, the data, the arguments, the version of PyTorch and its
    number of threads. Interrupted and resumed from its checkpoint it is the same, bit by bit.

    Args:
        model: (N, ...) images -> (N, classes) logits.
        images: all of them, (N, ...), as ``augment`` or the model takes them.
        labels: (N,), int64.
        epochs: how often each image is seen.
        batch_size: images per step; the last of an epoch may have fewer.
        learning_rate: the largest.
        weight_decay: of weights; biases, batch norms and other vectors and numbers have
            none.
        parameters: groups as an optimizer of PyTorch takes them, each with a ``weight_decay``
            of its own, in place of that rule.
        label_smoothing: as in `torch.nn.CrossEntropyLoss`.
        seed: of the order of images, the augmentation, and what the model itself draws from
            PyTorch's global generator, which is left as it was.
        augment: applied to each batch.
        project: called with the model after each step, to put parameters back where they may
            be.
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
    }
    groups = list(_decaying(model, weight_decay) if parameters is None else parameters)
    optimizer = torch.optim.SGD(groups, learning_rate, momentum=0.9, nesterov=True)
    steps = epochs * math.ceil(len(images) / batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(_one_cycle, steps))
    criterion = nn.CrossEntropyLoss(label_smoothing=label_smoothing)
    state = _State(model, optimizer, schedule, settings)
    with torch.random.fork_rng(devices=[]), _progress() as progress:
        torch.manual_seed(seed)
        history = state.restored(checkpoint) if checkpoint and checkpoint.exists() else []
        task = progress.add_task("training", total=steps)
        progress.advance(task, schedule.last_epoch)
        model.train()
        for epoch in range(len(history) + 1, epochs + 1):
            began = time.perf_counter()
            total, right = 0.0, 0
            for batch in torch.randperm(len(images)).split(batch_size):
                x, y = images[batch], labels[batch]
                logits = model(x if augment is None else augment(x))
                loss = criterion(logits, y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                if project is not None:
                    project(model)
                total += loss.item() * len(batch)
                right += int((logits.argmax(1) == y).sum())
                progress.advance(task)
            _check_finite(total, epoch)
            seconds = time.perf_counter() - began
            history.append(
                Epoch(epoch, total / len(images), right / len(images), round(seconds, 2))
            )
            if checkpoint is not None:
                _replace(checkpoint, partial(state.save, history))
            if log is not None:
                lines = "".join(json.dumps(asdict(line)) + "\n" for line in history)
                _replace(log, partial(Path.write_text, data=lines))
    model.eval()
    return history


@dataclass(frozen=True)
class _State:
    """What goes on after an interruption."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    settings: dict[str, Any]

    def save(self, history: list[Epoch], path: Path) -> None:
        content = {
            "settings": self.settings,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "generator": torch.get_rng_state(),
            "history": [asdict(line) for line in history],
        }
        torch.save(content, path)

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
        torch.set_rng_state(content["generator"])
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
