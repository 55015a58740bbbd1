"""Where in the user's model an operation happens, as the user knows it."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import FrameType

import torch

from converters.intake.pytorch import pointwise

__all__ = ["Whereabouts", "user_line"]

#: What PyTorch's users call some operations.
_FRIENDLY = {
    "convolution": "conv",
    "_convolution": "conv",
    "native_batch_norm": "batch_norm",
    "addmm": "linear",
    "mm": "matmul",
    "bmm": "matmul",
    "max_pool2d_with_indices": "max_pool2d",
    "_adaptive_avg_pool2d": "adaptive_avg_pool2d",
    "native_layer_norm": "layer_norm",
    "native_group_norm": "group_norm",
    "constant_pad_nd": "pad",
    "_local_scalar_dense": "item",
    "_prelu_kernel": "prelu",
    "upsample_nearest2d": "interpolate",
    "log_sigmoid_forward": "logsigmoid",
    "_scaled_dot_product_flash_attention_for_cpu": "scaled_dot_product_attention",
}

_OWN = Path(__file__).resolve().parents[2]
_TORCH = Path(torch.__file__).resolve().parent


class Whereabouts:
    """The modules that are running, from the outermost in."""

    def __init__(self, model: torch.nn.Module) -> None:
        self._paths: dict[int, str] = {id(module): path for path, module in model.named_modules()}
        self._stack: list[torch.nn.Module] = []

    @property
    def depth(self) -> int:
        """How many modules are running."""
        return len(self._stack)

    def enter(self, module: torch.nn.Module) -> None:
        """A module begins."""
        self._stack.append(module)

    def leave(self, module: torch.nn.Module) -> None:
        """It ends, and so do those within it that an error has ended."""
        while self._stack and self._stack.pop() is not module:
            pass

    def path(self) -> str:
        """Of the innermost module that the user has named; empty for the model itself."""
        for module in reversed(self._stack):
            path = self._paths.get(id(module))
            if path is not None:
                return path
        return ""

    def names(self, function: str) -> tuple[str, str]:
        """(operator for messages, name of its nodes) of the present call."""
        plain = _FRIENDLY.get(function, function.strip("_"))
        if not self._stack:
            return plain, f".{plain}"
        module, path = self._stack[-1], self.path()
        leaf = next(iter(module.children()), None) is None and id(module) in self._paths
        if leaf and path:
            return type(module).__name__, path
        if function in pointwise.HANDLERS:
            return plain, f".{plain}"
        return plain, f"{path}.{plain}" if path else plain


def user_line() -> str:
    """The line of the model's code that is running: the innermost outside PyTorch and this package.

    Empty where the model has no code of its own there, as a Sequential.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the way to the user's line
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if file.name == "tracing.py" and _OWN in file.parents:
            return ""  # beyond it is who called the export
        if _OWN not in file.parents and _TORCH not in file.parents and file.exists():
            text = linecache.getline(str(file), frame.f_lineno).strip()
            return f"{file.name}:{frame.f_lineno}: `{text}`"
        frame = frame.f_back
    return ""
