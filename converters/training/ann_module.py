"""An ANN as a PyTorch module, to be trained on."""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np
import torch
from torch import nn

from converters.ann import ops
from converters.ann.graph import INPUT, Ann, refuse_what_is_no_ann
from converters.training.clip import ClippedReLU
from converters.training.qcfs import QCFS
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
                return x.mean((2, 3), keepdim=True)
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
            return _activation(op)
        case ops.Sparse():
            return _SparseLinear(op)
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


def _activation(relu: ops.ReLU) -> nn.Module:
    """With its ceiling and levels."""
    if relu.ceiling is None:
        return nn.ReLU()
    if relu.levels is None:
        return ClippedReLU(relu.ceiling)
    if isinstance(relu.levels, int):
        return QCFS(relu.levels, relu.ceiling)
    raise ConversionError(
        "an activation with levels that are not uniform cannot be trained here; replace it by one "
        "with a ceiling: converters.ops.ReLU(ceiling)"
    )


class _SparseLinear(nn.Module):  # type: ignore[misc] # as above
    """``y = W x + b`` for a matrix of few synapses: a selection by its places, else a product."""

    def __init__(self, op: ops.Sparse) -> None:
        super().__init__()
        self._shape = op.shape
        matrix = op.matrix
        counts = np.diff(op.indptr)
        self._places: torch.Tensor | None = None
        if op.bias is None and np.all(counts <= 1) and np.all(op.data == 1):
            places = np.full(len(counts), op.in_features)  # behind all inputs: a zero
            places[counts == 1] = op.indices
            self._places = torch.from_numpy(places)
            return
        self.weight = nn.Parameter(torch.tensor(matrix.toarray(), dtype=torch.float32))
        bias = np.zeros(len(counts)) if op.bias is None else op.bias
        self.bias = nn.Parameter(torch.tensor(bias, dtype=torch.float32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The values in the shape of the output."""
        flat = torch.flatten(x, 1)
        if self._places is None:
            made = nn.functional.linear(flat, self.weight, self.bias)
        else:
            made = nn.functional.pad(flat, (0, 1))[:, self._places.to(x.device)]
        return made.reshape(-1, *self._shape)


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
