"""PyTorch model -> self-describing NPZ.

::

    from converters.intake.export_torch import export

    export(model, example_images, "weights.npz")

or ``python -m converters.intake.export_torch package.module:factory -o weights.npz
--input-shape 3,224,224 [--state weights.pt]``. Needs the extra ``eventsnn[torch]``.

The model is traced by ``torch.fx``, so its code may be written as it likes: modules,
functions of ``torch.nn.functional`` and methods of tensors alike. What `converters.intake.fx`
has no counterpart for is refused by name. In the end the ANN's answer to the example is
compared with the model's.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import os
import pickle
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.forward import forward
from converters.ann.graph import Ann
from converters.intake.fx.call import Call, Ref
from converters.intake.fx.modules import MODULES
from converters.intake.fx.translate import translate
from converters.intake.load import save_ann
from eventsnn import ConversionError, EventsnnError, MissingExtraError, UnsupportedLayerError

try:
    import torch
    from torch import fx
except ImportError as error:
    missing = 'exporting a model needs PyTorch: python -m pip install "eventsnn[torch]"'
    if __name__ == "__main__":
        sys.stderr.write(f"Error: {missing}\n")
        sys.exit(2)
    raise MissingExtraError(missing) from error

from converters.training.clip import ClippedReLU
from converters.training.spiking import Spike

__all__ = ["export", "main", "trace"]

#: Largest difference to PyTorch in the end, in parts of the largest output.
_TOLERANCE = 1e-3

#: Methods of a tensor that tell its shape, which is the same for every image.
_SHAPES = {"size", "dim", "ndimension", "numel"}


def export(model: Any, example: Any, path: str | os.PathLike[str]) -> Ann:
    """Write ``model`` as a self-describing NPZ, whole or not at all.

    Args:
        model: a ``torch.nn.Module`` with one image as input and one value as output. It is
            not changed: a copy on the CPU, in evaluation mode and float32, is traced.
        example: preprocessed images (N, C, H, W), (N, C, L) or (N, D), a tensor or an array;
            one image is enough.
        path: where to.

    Returns:
        What was written; ``load_ann(path)`` equals it.

    Raises:
        UnsupportedLayerError: an operation, control flow or number of inputs or outputs that
            cannot become spikes; names node, operator, reason and remedy.
        ConversionError: the ANN does not answer as the model does.
        OSError: the file cannot be written.
    """
    ann = trace(model, example)
    save_ann(
        path, ann, {"model": type(model).__name__, "exporter": "converters.intake.export_torch"}
    )
    return ann


def trace(model: Any, example: Any) -> Ann:
    """The ANN of ``model``, as `export` writes it."""
    images = torch.as_tensor(example).detach().cpu().float()
    if images.ndim < 2 or len(images) == 0:
        raise ConversionError(
            f"example: expected images with a batch axis, (N, C, H, W), found shape "
            f"{tuple(images.shape)}"
        )
    model = _copied(model)
    graph = _symbolic(model)
    with torch.no_grad():
        # two images at least, so that what mixes images shows in the shapes
        recorder = _Recorder(graph, images if len(images) > 1 else images.repeat_interleave(2, 0))
        ann = recorder.ann()
        if ann.names_of(ops.Spike):  # where rounding decides, a spike more changes the answer
            model, images = model.double(), images.double()
        expected = np.asarray(model(images))
    _check_answer(ann, images.numpy(), expected)
    return ann


def _copied(model: Any) -> torch.nn.Module:
    """For inference on the CPU."""
    if not isinstance(model, torch.nn.Module):
        raise ConversionError(f"model: expected a torch.nn.Module, found {type(model).__name__}")
    try:
        return copy.deepcopy(model).cpu().float().eval()
    except RuntimeError as error:
        raise ConversionError(
            f"{type(model).__name__}: cannot be copied ({error}); remove what computes weights "
            f"in hooks, e.g. by torch.nn.utils.remove_weight_norm"
        ) from error


def _symbolic(model: torch.nn.Module) -> fx.GraphModule:
    """Trace without running.

    Raises:
        UnsupportedLayerError: control flow that depends on the image; names file and line.
    """
    try:
        return fx.GraphModule(model, _Tracer().trace(model))
    except Exception as error:
        raise UnsupportedLayerError(
            f"{_user_line(error, model)}: cannot be traced ({error}); a spiking network has one "
            f"graph for all images, so if, for, while, int() and print must not depend on "
            f"them: move that out of forward, or fix the choice for inference"
        ) from error


def _user_line(error: Exception, model: torch.nn.Module) -> str:
    """The last line of the user's own code on the way to ``error``."""
    own = Path(torch.__file__).parent
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if own not in Path(frame.filename).parents and Path(frame.filename) != Path(__file__)
    ]
    if not frames:
        return f"forward of {type(model).__name__}"
    last = frames[-1]
    return f"{last.filename}:{last.lineno}: `{last.line}`"


class _Tracer(fx.Tracer):  # type: ignore[misc] # torch is not there where types are checked
    """Looks into every module that is not PyTorch's, but into none of our own activations."""

    def is_leaf_module(self, module: torch.nn.Module, name: str) -> bool:
        return isinstance(module, ClippedReLU | Spike) or super().is_leaf_module(module, name)


class _Recorder(fx.Interpreter):  # type: ignore[misc] # as above
    """Runs a traced model on images and keeps what its calls are and make."""

    def __init__(self, graph: fx.GraphModule, images: torch.Tensor) -> None:
        super().__init__(graph)
        self._batch = len(images)
        self._shapes: dict[str, tuple[int, ...]] = {}  # of what depends on the image
        self._constants: dict[str, Any] = {}  # all else
        inputs = [node for node in graph.graph.nodes if node.op == "placeholder"]
        needed = [node for node in inputs if not node.args]
        if len(needed) != 1 or inputs[0] is not needed[0]:
            names = ", ".join(f"`{node.name}`" for node in needed) or "none"
            raise UnsupportedLayerError(
                f"forward: expected one input without default, the image; found {names}; wrap "
                f"the model in one that fixes the others"
            )
        self._image = inputs[0].name
        self.run(images)

    def run_node(self, node: fx.Node) -> Any:
        """Run one call."""
        try:
            result = super().run_node(node)
        except Exception as error:
            raise UnsupportedLayerError(
                f"node `{node.name}` ({self._operator(node)}): fails on the example: "
                f"{_first(error)}; check the example's shape, (N, channels, rows, columns)"
            ) from error
        if node.name == self._image or self._depends(node):
            self._shapes[node.name] = self._checked_shape(node, result)
        else:
            self._constants[node.name] = _plain(result)
        return result

    def ann(self) -> Ann:
        """The recorded calls as an ANN."""
        (end,) = (node for node in self.module.graph.nodes if node.op == "output")
        answer = end.args[0]
        if not isinstance(answer, fx.Node) or answer.name not in self._shapes:
            raise UnsupportedLayerError(
                f"forward: expected one tensor as output, found {answer}; wrap the model in one "
                f"that returns the logits only"
            )
        return translate(self._calls(), self._image, self._shapes[self._image], answer.name)

    def _calls(self) -> Iterator[Call]:
        for node in self.module.graph.nodes:
            if node.name not in self._shapes or node.op in {"placeholder", "output"}:
                continue
            function, attributes = self._function(node)
            yield Call(
                node.name,
                str(node.target) if node.op == "call_module" else node.name,
                self._operator(node),
                function,
                self._arguments(node.args),
                {**self._arguments(node.kwargs), **attributes},
                self._shapes[node.name],
            )

    def _arguments(self, values: Any) -> Any:
        def resolved(node: fx.Node) -> Any:
            return Ref(node.name) if node.name in self._shapes else self._constants[node.name]

        return fx.node.map_arg(values, resolved)

    def _depends(self, node: fx.Node) -> bool:
        """Whether the values, not only the shape, of an image reach this result."""
        if node.op == "output" or not any(n.name in self._shapes for n in node.all_input_nodes):
            return False
        shape_only = node.op == "call_method" and node.target in _SHAPES
        attribute = node.op == "call_function" and node.target is getattr
        return not (shape_only or attribute)

    def _checked_shape(self, node: fx.Node, result: Any) -> tuple[int, ...]:
        where = f"node `{node.name}` ({self._operator(node)})"
        if not isinstance(result, torch.Tensor):
            # several parts; the call is refused by name where it is translated
            return ()
        if result.ndim == 0 or len(result) != self._batch:
            raise UnsupportedLayerError(
                f"{where} makes {tuple(result.shape)} of a batch of {self._batch}; every image "
                f"has an answer of its own, so keep the batch as the first axis"
            )
        return tuple(result.shape[1:])

    def _operator(self, node: fx.Node) -> str:
        match node.op:
            case "call_module":
                return type(self.module.get_submodule(str(node.target))).__name__
            case "call_method":
                return f".{node.target}()"
            case _:
                return str(getattr(node.target, "__name__", node.target))

    def _function(self, node: fx.Node) -> tuple[str, dict[str, Any]]:
        """The handler's name, and the arguments that a module holds."""
        if node.op != "call_module":
            name = str(getattr(node.target, "__name__", node.target))
            return name.strip("_"), {}
        module = self.module.get_submodule(str(node.target))
        for kind in type(module).__mro__:
            # a subclass counts only where it computes as its base does
            if kind.__name__ in MODULES and type(module).forward is getattr(kind, "forward", None):
                function, names = MODULES[kind.__name__]
                return function, {name: _plain(getattr(module, name)) for name in names}
        return type(module).__name__, {}


def _first(error: Exception) -> str:
    """The message without what the interpreter appends to it."""
    return str(error).split("\n\nWhile executing")[0]


def _plain(value: Any) -> Any:
    """Tensors as arrays, shapes as tuples, all else as it is."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    return tuple(value) if isinstance(value, torch.Size) else value


def _check_answer(ann: Ann, images: NDArray[Any], expected: NDArray[Any]) -> None:
    found = forward(ann, images.reshape(len(images), *ann.input_shape), dtype=images.dtype)
    worst = float(np.abs(found.reshape(expected.shape) - expected).max())
    if not worst <= _TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise ConversionError(
            f"the exported network's answer to the example differs from the model's by "
            f"{worst:.2g}; is a result constant in the trace that depends on the image, or the "
            f"batch size?"
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
            model.load_state_dict(_state(options.state))
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
    model = found if isinstance(found, torch.nn.Module) else found()
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
    return state.get("state_dict", state)


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
