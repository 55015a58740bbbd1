"""PyTorch model -> self-describing NPZ.

::

    import converters

    converters.export(model, example_images, "weights.npz")

or ``python -m converters.intake.export_torch package.module:factory -o weights.npz
--input-shape 3,224,224 [--state weights.pt]``. Needs the extra ``eventsnn[torch]``.

The model runs as it is, and what it computes is followed operation by operation, see
`converters.intake.pytorch`. What has no counterpart is refused, all of it at once. In the end
the ANN's answers are compared with the model's, on images that were not traced.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pickle
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from converters.ann.graph import Ann
from converters.intake.load import save_ann
from converters.intake.prefixes import described, without_prefixes
from eventsnn import ConversionError, EventsnnError, MissingExtraError

try:
    import torch
except ImportError as error:
    missing = 'exporting a model needs PyTorch: python -m pip install "eventsnn[torch]"'
    if __name__ == "__main__":
        sys.stderr.write(f"Error: {missing}\n")
        sys.exit(2)
    raise MissingExtraError(missing) from error

from converters.intake.pytorch.tracing import Traced, trace_model

__all__ = ["export", "main", "trace"]


def export(model: Any, example: Any, path: str | os.PathLike[str]) -> Ann:
    """Write ``model`` as a self-describing NPZ, whole or not at all.

    Args:
        model: a ``torch.nn.Module`` with one image as input and one value as output, also in
            DataParallel, torch.compile, torch.jit or an exported program. It is not changed:
            a copy on the CPU, in evaluation mode and float32, is run.
        example: preprocessed images (N, C, H, W), (N, C, L) or (N, D), a tensor or an array;
            one image is enough. Shapes are taken from it, values are not.
        path: where to.

    Returns:
        What was written; ``load_ann(path)`` equals it. Last steps that do not change which
        class wins (softmax, sigmoid, argmax, ReLU) are left out, with a `UserWarning`.

    Raises:
        UnsupportedLayerError: operations, or numbers of inputs or outputs, that cannot become
            spikes; names all of them, with the module's path, reason and remedy.
        ConversionError: the ANN does not answer images that it was not traced with as the
            model does.
        OSError: the file cannot be written.
    """
    traced = trace_model(model, example)
    _warn(traced)
    about = {
        "model": type(model).__name__,
        "exporter": "converters.export",
        "left_out": list(traced.left_out),
    }
    save_ann(path, traced.ann, about)
    return traced.ann


def trace(model: Any, example: Any) -> Ann:
    """The ANN of ``model``, as `export` writes it."""
    traced = trace_model(model, example)
    _warn(traced)
    return traced.ann


def _warn(traced: Traced) -> None:
    if traced.left_out:
        warnings.warn(
            f"{' and '.join(traced.left_out)} at the end of the model is left out: the answer of a "
            f"spiking network is the largest sum, which is the same without",
            UserWarning,
            stacklevel=4,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status, 2 for an error with its one message."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.intake.export_torch",
        description="Write a PyTorch model as a self-describing NPZ for eventsnn.",
    )
    parser.add_argument("model", help="package.module:name of a model or of what makes it")
    parser.add_argument("-o", "--output", required=True, help="the NPZ to write")
    parser.add_argument("--input-shape", required=True, help="without the batch axis, e.g. 3,32,32")
    parser.add_argument("--state", help="a state_dict (.pt) to load into the model first")
    options = parser.parse_args(arguments)
    try:
        model = _named(options.model)
        if options.state is not None:
            _load(model, _state(options.state), options.state)
        example = torch.rand(2, *_shape(options.input_shape), generator=torch.manual_seed(0))
        ann = export(model, example, options.output)
    except (EventsnnError, OSError, RuntimeError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    sys.stdout.write(f"{options.output}: {ann}\n")
    return 0


def _named(name: str) -> torch.nn.Module:
    where, _, attribute = name.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(where), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConversionError(
            f"{name}: {error}; expected package.module:name, importable from {Path.cwd()}"
        ) from error
    try:
        model = found if isinstance(found, torch.nn.Module) else found()
    except Exception as error:
        raise ConversionError(
            f"{name}: calling it without arguments fails: {type(error).__name__}: {error}; name a "
            f"function without arguments that makes the model"
        ) from error
    if not isinstance(model, torch.nn.Module):
        raise ConversionError(f"{name}: expected a torch.nn.Module, found {type(model).__name__}")
    return model


def _state(path: str) -> Any:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ConversionError(
            f"{path}: holds more than weights, so it is not loaded; save model.state_dict()"
        ) from error
    except (OSError, RuntimeError, EOFError) as error:
        raise ConversionError(f"{path}: {error}") from error
    if not isinstance(state, dict):
        raise ConversionError(f"{path}: expected a state_dict, found {type(state).__name__}")
    for key in ("state_dict", "model_state_dict", "model", "net"):
        state = state.get(key, state)
    return state


def _load(model: torch.nn.Module, state: Any, path: str) -> None:
    """Put weights into the model, without prefixes that all keys share where they fit so."""
    wanted = set(model.state_dict())
    for candidate in without_prefixes(state):
        if wanted <= set(candidate):
            state = candidate
            break
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise ConversionError(f"{path}: {error}{described(state)}") from error


def _shape(text: str) -> tuple[int, ...]:
    try:
        shape = tuple(int(part) for part in text.split(","))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise ConversionError(f"--input-shape: expected sizes such as 3,32,32, found {text!r}")
    return shape


if __name__ == "__main__":
    sys.exit(main())
