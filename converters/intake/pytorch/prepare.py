"""The model that is meant: out of its wrappers, copied, for inference on the CPU."""

from __future__ import annotations

import contextlib
import copy
import inspect
import warnings
from typing import Any

import numpy as np
import torch

from eventsnn import ConversionError, UnsupportedLayerError

__all__ = ["prepared", "some_images"]


def prepared(model: Any) -> torch.nn.Module:
    """A copy in evaluation mode and float32; the model itself is left as it was.

    Raises:
        ConversionError: no module, or one that cannot be copied.
        UnsupportedLayerError: more than one input that has no default.
    """
    module = _unwrapped(model)
    computed = {  # weights that hooks compute cannot be copied with what they come from
        id(value): value.detach().clone()
        for part in module.modules()
        for value in vars(part).values()
        if isinstance(value, torch.Tensor) and not value.is_leaf
    }
    try:
        with warnings.catch_warnings():  # of PyTorch about its own copying
            warnings.simplefilter("ignore")
            module = copy.deepcopy(module, computed).cpu().float()
    except (RuntimeError, TypeError) as error:
        raise ConversionError(
            f"{type(module).__name__}: cannot be copied ({str(error).splitlines()[0]}); make a "
            f"plain copy by model.load_state_dict(...)"
        ) from None
    with contextlib.suppress(NotImplementedError):  # an exported program is what it is
        module.eval()
    _check_inputs(module)
    return module


def _unwrapped(model: Any) -> torch.nn.Module:
    """What is inside DataParallel, torch.compile and exported programs."""
    if isinstance(model, torch.export.ExportedProgram):
        model = model.module()
    while True:
        inner = getattr(model, "_orig_mod", None)
        wrappers = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
        if isinstance(model, wrappers):
            inner = model.module
        if not isinstance(inner, torch.nn.Module):
            break
        model = inner
    if not isinstance(model, torch.nn.Module):
        raise ConversionError(f"model: expected a torch.nn.Module, found {_described(model)}")
    return model


def _described(model: Any) -> str:
    if isinstance(model, dict):
        return (
            "a dict, perhaps a state_dict: make the model and load it by model.load_state_dict(...)"
        )
    if inspect.isclass(model):
        return f"the class {model.__name__}; call it to make a model"
    return type(model).__name__


def _check_inputs(model: torch.nn.Module) -> None:
    if isinstance(model, torch.jit.ScriptModule | torch.fx.GraphModule):
        return
    parameters = inspect.signature(model.forward).parameters.values()
    plain = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    needed = [
        f"`{p.name}`"
        for p in parameters
        if p.default is p.empty and p.kind in plain | {inspect.Parameter.KEYWORD_ONLY}
    ]
    takes = [p for p in parameters if p.kind in plain or p.kind is p.VAR_POSITIONAL]
    if len(needed) > 1 or not takes:
        raise UnsupportedLayerError(
            f"forward: expected one input without default, the image; found "
            f"{', '.join(needed) or 'none'}; wrap the model in one that fixes the others"
        )


def some_images(example: Any) -> torch.Tensor:
    """The user's images, copied.

    Raises:
        ConversionError: no images with a batch axis.
    """
    images = torch.as_tensor(np.asarray(example) if isinstance(example, list) else example)
    images = images.detach().cpu().float().clone(memory_format=torch.contiguous_format)
    if images.ndim < 2 or len(images) == 0:
        raise ConversionError(
            f"example: expected images with a batch axis, (N, C, H, W), found shape "
            f"{tuple(images.shape)}"
        )
    if not bool(torch.isfinite(images).all()):
        raise ConversionError("example: expected finite numbers, found NaN or infinite ones")
    return images
