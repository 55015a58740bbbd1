"""An ANN as a PyTorch module, to be trained on."""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np
import torch
from torch import nn

from converters.ann import ops
from converters.ann.graph import INPUT, Ann, refuse_what_is_no_ann
from converters.training.clip import ClippedReLU
from converters.training.spiking import Spike
from eventsnn import ConversionError

__all__ = ["AnnModule"]


class AnnModule(nn.Module):  # type: ignore[misc] # torch is not there where types are checked
    """Computes what `converters.forward` does, with weights that PyTorch can train.

    Nodes with parameters are modules of the node's name (``layer1.0.conv1``), so the exporter
    calls the layers as they were called. ReLUs are modules too.

    Args:
        ann: the network; it is not changed.

    Raises:
        ConversionError: ``ann`` is something else, or a node has a name that no module can.
    """

    def __init__(self, ann: Ann) -> None:
        super().__init__()
        refuse_what_is_no_ann(ann)
        self._nodes = [(node.name, node.op, node.inputs) for node in ann.nodes]
        self._output = ann.output
        for node in ann.nodes:
            module = _module(node.op, images=len(ann.shapes[node.name]) == 3)
            if module is not None:
                _place(self, node.name, module)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The output for images (N, *input shape)."""
        values = {INPUT: x}
        for name, op, inputs in self._nodes:
            values[name] = self._value(name, op, [values[source] for source in inputs])
        return values[self._output]

    def _value(self, name: str, op: ops.Op, inputs: list[torch.Tensor]) -> torch.Tensor:
        x = inputs[0]
        match op:
            case ops.Add():
                total = x
                for other in inputs[1:]:
                    total = total + other
                return total
            case ops.Concat():
                return torch.cat(inputs, 1)
            case ops.Flatten():
                return torch.flatten(x, 1)
            case ops.Scale():
                return x * op.factor
            case ops.GlobalAvgPool():
                return nn.functional.adaptive_avg_pool2d(x, 1)
            case ops.Subsample():
                rows, columns = ops.pair(op.stride)
                around = (0, 0, 0, 0, *op.pad_channels)
                return nn.functional.pad(x[:, :, ::rows, ::columns], around)
            case _:
                return self.get_submodule(name)(x)


def _module(op: ops.Op, *, images: bool) -> nn.Module | None:
    """For ``op``, with its weights; None for one that has none and is no activation."""
    match op:
        case ops.Conv2d(weight=w):
            sizes = (op.groups * w.shape[1], len(w), w.shape[2:])
            steps = (ops.pair(op.stride), ops.pair(op.padding), ops.pair(op.dilation))
            made = nn.Conv2d(*sizes, *steps, op.groups, bias=op.bias is not None)
        case ops.Linear(weight=w):
            made = nn.Linear(w.shape[1], len(w), bias=op.bias is not None)
        case ops.BatchNorm(weight=w):
            kind = nn.BatchNorm2d if images else nn.BatchNorm1d
            made = kind(w.size, op.eps)
        case ops.ReLU():
            return nn.ReLU() if op.ceiling is None else ClippedReLU(op.ceiling)
        case ops.Spike():
            return Spike(
                decay=op.decay,
                threshold=op.threshold,
                reset=op.reset,
                mean=op.mean,
                standard_deviation=op.standard_deviation,
            )
        case ops.AvgPool2d():
            return nn.AvgPool2d(*(ops.pair(v) for v in (op.kernel_size, op.stride, op.padding)))
        case ops.MaxPool2d():
            return nn.MaxPool2d(*(ops.pair(v) for v in (op.kernel_size, op.stride, op.padding)))
        case (
            ops.Scale()
            | ops.GlobalAvgPool()
            | ops.Add()
            | ops.Concat()
            | ops.Flatten()
            | ops.Subsample()
        ):
            return None
        case _:
            assert_never(op)
    values: dict[str, Any] = {name: getattr(op, name, None) for name in made.state_dict()}
    tensors = {k: torch.tensor(np.asarray(v)) for k, v in values.items() if v is not None}
    made.load_state_dict(tensors, strict=False)
    return made


def _place(root: nn.Module, name: str, module: nn.Module) -> None:
    """Make ``module`` the submodule ``name`` of ``root``, through containers at the dots."""
    *path, last = name.split(".")
    try:
        for part in path:
            if part not in dict(root.named_children()):
                root.add_module(part, nn.Module())
            root = root.get_submodule(part)
        root.add_module(last, module)
    except KeyError as error:
        raise ConversionError(
            f"node `{name}`: no PyTorch module can have this name ({error}); rename the node"
        ) from error
