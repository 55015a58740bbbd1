"""Runs a model once, and follows every operation down to the memory that it writes.

The model runs as it is, on real images: what Python does, as control flow on shapes, asserts,
default arguments and hooks, happens and leaves no trace. What PyTorch does is seen operation by
operation (`torch.utils._python_dispatch`), below modules, functions, methods and autograd
functions. Views need no rule of their own: they share memory, see
`converters.intake.pytorch.memory`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.modules import module as torch_module
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from converters.ann import ops
from converters.intake.pytorch import layers, moves, pointwise, pools, refused
from converters.intake.pytorch.call import Call
from converters.intake.pytorch.graph import Graph
from converters.intake.pytorch.memory import Memory
from converters.intake.pytorch.refusal import Found, Refusal
from converters.intake.pytorch.value import Value, lost
from converters.intake.pytorch.whereabouts import Whereabouts, user_line
from converters.training.spiking import Spike
from eventsnn import NetworkError

__all__ = ["Ending", "Recorder"]

_HANDLERS: dict[str, Callable[..., Any]] = {
    **pointwise.HANDLERS,
    **moves.HANDLERS,
    **layers.HANDLERS,
    **pools.HANDLERS,
}

#: Operations that look at the shape of a value only.
_SHAPE_ONLY = [
    "empty_like",
    "zeros_like",
    "ones_like",
    "full_like",
    "rand_like",
    "randn_like",
    "randint_like",
    "new_empty",
    "new_zeros",
    "new_ones",
    "new_full",
    "new_empty_strided",
    "sym_size",
    "sym_stride",
    "sym_numel",
    "size",
    "stride",
]

#: Last steps that change how an answer is written, not which it is.
_ENDINGS = {"sigmoid", "_softmax", "_log_softmax", "argmax", "max", "log_sigmoid_forward"}

#: What may follow such a step and is left out with it.
_BEHIND_ENDINGS = {"gt", "ge", "lt", "le", "round", "_to_copy", "clone"}

#: Reported even where what they multiply was refused: attention shows by them.
_PRODUCTS = {"bmm", "mm", "baddbmm", "mul"}

#: Methods that read numbers out of a tensor without an operation.
_READERS = {
    torch.Tensor.numpy,
    torch.Tensor.tolist,
    torch.Tensor.__array__,
    torch.Tensor.data_ptr,
    torch.Tensor.__dlpack__,
}


@dataclass(frozen=True)
class Ending:
    """A last step that is left out.

    Attributes:
        source: what it was applied to.
        name: as the user knows it.
        finish: the step itself, on any images' values.
        refusal: what is said where it is no last step.
    """

    source: Value
    name: str
    finish: Callable[[torch.Tensor], torch.Tensor]
    refusal: Found


class Recorder(TorchDispatchMode):  # type: ignore[misc] # torch is not there where types are checked
    """Follows one run of a model.

    Args:
        model: in evaluation mode.
        images: a batch of two or more, which is changed where the model changes it.

    Attributes:
        graph: the nodes so far.
        found: what was refused.
        in_place: names of operations that wrote over values of the image.
    """

    def __init__(self, model: torch.nn.Module, images: torch.Tensor) -> None:
        super().__init__()
        self.graph = Graph(len(images), tuple(images.shape[1:]))
        self.memory = Memory()
        self.found: list[Found] = []
        self.in_place: list[str] = []
        self._where = Whereabouts(model)
        self._endings: dict[int, Ending] = {}
        self._unusable: dict[int, Found] = {}  # results that nothing may read
        self._noisy: dict[int, Any] = {}  # storages of random numbers, kept alive
        self._inside: int | None = None  # depth of a module that is taken as a whole
        self._taken: Value | None = None
        self.memory.write(images, self.graph.value(0, tuple(images.shape)))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this is open, operations are followed."""
        hooks = [
            torch_module.register_module_forward_pre_hook(self._enter),
            torch_module.register_module_forward_hook(self._leave, always_call=True),
        ]
        try:
            with torch.no_grad(), _Readers(self), self:
                yield
        finally:
            for hook in hooks:
                hook.remove()

    def ending(self, tensor: torch.Tensor) -> Ending | None:
        """The last step that made ``tensor``, if one did."""
        return self._endings.get(_storage(tensor))

    def unusable(self, tensor: torch.Tensor) -> Found | None:
        """Why nothing may read a result, if so."""
        return self._unusable.get(_storage(tensor))

    def refuse(self, operator: str, why: str, remedy: str, place: str | None = None) -> None:
        """Note what cannot come in."""
        where = self._where.path() if place is None else place
        found = Found(where, operator, user_line(), why, remedy)
        if (why, remedy) == refused.NUMBER:  # what made the number is no fault of its own
            self.found = [
                f for f in self.found if f.why != refused.OF_THE_BATCH or f.line != found.line
            ]
        self.found.append(found)

    # --- modules -------------------------------------------------------------------------

    def _enter(self, module: torch.nn.Module, inputs: Any) -> None:
        self._where.enter(module)
        if self._inside is not None:
            return
        tensors = [x for x in tree_flatten(inputs)[0] if isinstance(x, torch.Tensor)]
        kind = type(module).__name__
        traced = any(self.memory.holds(tensor) for tensor in tensors)
        if traced and isinstance(module, Spike):
            self._inside = self._where.depth
            self._taken = self.memory.read(tensors[0])
        elif traced and kind in refused.MODULES and type(module).__module__.startswith("torch."):
            self._inside = self._where.depth
            self._taken = None
            self.refuse(kind, *refused.MODULES[kind])

    def _leave(self, module: torch.nn.Module, inputs: Any, output: Any) -> None:  # noqa: ARG002 - a hook's signature
        depth, path = self._where.depth, self._where.path()
        self._where.leave(module)
        if self._inside is None or depth != self._inside:
            return
        self._inside = None
        tensors = [x for x in tree_flatten(output)[0] if isinstance(x, torch.Tensor)]
        for tensor in tensors:
            self.memory.write(tensor, lost(tuple(tensor.shape)))
        if isinstance(module, Spike) and self._taken is not None and not self._taken.is_lost:
            op = ops.Spike(
                module.decay,
                module.threshold,
                module.reset,
                float(module.mean),
                float(module.standard_deviation),
            )
            source = self.graph.node(self._taken)
            made = self.graph.add(op, source, name=path or "spike")
            self.memory.write(tensors[0], self.graph.value(made, tuple(tensors[0].shape)))

    # --- operations ----------------------------------------------------------------------

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: Any = (),
        kwargs: Any = None,
    ) -> Any:
        """Run one operation, and keep what it makes."""
        kwargs = kwargs or {}
        tensors = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, torch.Tensor)]
        name = func._schema.name.split("::")[-1]  # noqa: SLF001 - as dispatch modes do
        traced = any(self.memory.holds(tensor) for tensor in tensors)
        random = torch.Tag.nondeterministic_seeded in func.tags
        noisy = random or any(_storage(tensor) in self._noisy for tensor in tensors)
        if not traced or self._inside is not None or name in _SHAPE_ONLY:
            result = func(*args, **kwargs)
            if noisy:
                self._mark_noisy((result, _written(func, args, kwargs)))
            return result
        if noisy:
            self.refuse(self._where.names(name)[0], *refused.RANDOM)
            result = func(*args, **kwargs)
            targets = _written(func, args, kwargs) or tree_flatten(result)[0]
            self._put(targets, [lost(tuple(target.shape)) for target in targets])
            return result
        written = _written(func, args, kwargs)
        plain = name.removesuffix("_") if written else name
        given = {id(t): self._known(t, written) for t in tensors}
        endings = [e for e in map(self.ending, tensors) if e is not None]
        result = func(*args, **kwargs)
        outputs = [x for x in tree_flatten(result)[0] if isinstance(x, torch.Tensor)]
        if not written and outputs and _all_views(outputs, tensors):
            return result
        if written:
            self.in_place.append(self._where.names(name)[0])
        targets = written or outputs
        whole_batch = plain in {"max", "argmax"} and len(args) + len(kwargs) == 1
        if not whole_batch and (plain in _ENDINGS or (endings and plain in _BEHIND_ENDINGS)):
            if endings or not self._try(func, plain, targets, args, kwargs, given):
                self._keep_ending(func, plain, targets, args, kwargs, given)
            return result
        unusable = [e.refusal for e in endings]
        unusable += [self._unusable[_storage(t)] for t in tensors if _storage(t) in self._unusable]
        self.found += [refusal for refusal in unusable if refusal not in self.found]
        before = len(self.found)
        values = self._value(func, plain, targets or tensors, args, kwargs, given)
        self._put(targets, values)
        if len(self.found) == before and not any(_is_lost(v) for v in given.values()):
            for target, value in zip(targets, values, strict=False):
                if value.is_lost:
                    place, operator = self._where.path(), self._where.names(name)[0]
                    self._unusable[_storage(target)] = Found(
                        place, operator, user_line(), *refused.PLACES
                    )
        return result

    def _try(self, *call: Any) -> bool:
        """Whether what may be a last step can come in anywhere."""
        before = len(self.found)
        values = self._value(*call)
        if len(self.found) == before and not all(value.is_lost for value in values):
            self._put(call[2], values)
            return True
        arrived_lost = any(isinstance(v, Value) and v.is_lost for v in call[5].values())
        if not arrived_lost:
            del self.found[before:]
        return False

    def _put(self, targets: Sequence[torch.Tensor], values: Sequence[Value]) -> None:
        for target, value in zip(targets, values, strict=False):
            self._endings.pop(_storage(target), None)
            self._unusable.pop(_storage(target), None)
            self.memory.write(target, value)

    def _mark_noisy(self, results: Any) -> None:
        for tensor in tree_flatten(results)[0]:
            if isinstance(tensor, torch.Tensor):
                self._noisy[_storage(tensor)] = tensor.untyped_storage()

    def _known(self, tensor: torch.Tensor, written: Sequence[torch.Tensor]) -> Any:
        """What a tensor holds before the operation: a value, or itself where constant."""
        if self.memory.holds(tensor):
            return self.memory.read(tensor)
        return tensor.clone() if any(tensor is other for other in written) else tensor

    def _value(
        self,
        func: Any,
        name: str,
        targets: Sequence[torch.Tensor],
        args: Any,
        kwargs: Any,
        given: dict[int, Any],
    ) -> list[Value]:
        """What the operation makes, for each target."""
        operator, node = self._where.names(name)
        gone = [lost(tuple(target.shape)) for target in targets]

        def known(x: Any) -> Any:
            return given[id(x)] if isinstance(x, torch.Tensor) else x

        values = [v for v in given.values() if isinstance(v, Value)]
        arrived_lost = any(value.is_lost for value in values)
        try:
            if refused.is_known(name) or (name not in _HANDLERS and not arrived_lost):
                raise refused.refusal(name)
            if arrived_lost:
                if name in _PRODUCTS and len(values) > 1:
                    raise pointwise.PRODUCT
                return gone
            call = Call(self.graph, node, func, tuple(tuple(t.shape) for t in targets))
            arguments = tree_map(known, list(args))
            options = {key: tree_map(known, x) for key, x in kwargs.items() if key != "out"}
            made = _HANDLERS[name](call, *arguments, **_meaningful(options, name))
            return list(made) if isinstance(made, tuple) else [made]
        except Refusal as error:
            self.refuse(operator, error.why, error.remedy)
        except NetworkError as error:
            self.refuse(operator, f"cannot come in: {error}", "use images or vectors here")
        return gone

    def _keep_ending(
        self,
        func: Any,
        name: str,
        targets: Sequence[torch.Tensor],
        args: Any,
        kwargs: Any,
        given: dict[int, Any],
    ) -> None:
        """A step that may be the last one."""
        first = args[0]
        before = self.ending(first)
        source = given[id(first)] if before is None else before.source
        self._put(targets, [lost(tuple(target.shape)) for target in targets])
        if source.is_lost:
            return
        operator, _ = self._where.names(name)
        error = pools.EXTREME if name in {"argmax", "max"} else refused.refusal(name)
        refusal = Found(self._where.path(), operator, user_line(), error.why, error.remedy)
        names = operator if before is None else f"{before.name} and {operator}"
        for place, target in enumerate(targets):

            def finish(x: torch.Tensor, place: int = place) -> torch.Tensor:
                x = x.clone() if before is None else before.finish(x)
                made = func(x, *args[1:], **kwargs)
                return made[place] if isinstance(made, tuple | list) else made

            self._endings[_storage(target)] = Ending(source, names, finish, refusal)


class _Readers(TorchFunctionMode):  # type: ignore[misc] # as above
    """Notes where numbers of the image leave PyTorch."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: Any = (),
        kwargs: Any = None,
    ) -> Any:
        """Run one function of PyTorch."""
        if func in _READERS and args and self._recorder.memory.holds(args[0]):
            self._recorder.refuse(func.__name__, *refused.NUMBER)
        return func(*args, **(kwargs or {}))


def _meaningful(options: dict[str, Any], name: str) -> dict[str, Any]:
    """Without what tells where a result lies in memory."""
    kept = {"dtype"} if name == "_to_copy" else set()
    dull = {"memory_format", "layout", "device", "pin_memory", "non_blocking", "dtype"} - kept
    return {key: value for key, value in options.items() if key not in dull}


def _written(func: Any, args: Any, kwargs: Any) -> list[torch.Tensor]:
    """The arguments that an operation writes to."""
    found = []
    for place, argument in enumerate(func._schema.arguments):  # noqa: SLF001 - same
        if argument.alias_info is None or not argument.alias_info.is_write:
            continue
        value = kwargs.get(argument.name, args[place] if place < len(args) else None)
        found += [x for x in tree_flatten(value)[0] if isinstance(x, torch.Tensor)]
    return found


def _all_views(outputs: Sequence[torch.Tensor], inputs: Sequence[torch.Tensor]) -> bool:
    storages = {_storage(x) for x in inputs}
    return all(_storage(x) in storages for x in outputs)


def _is_lost(value: Any) -> bool:
    return isinstance(value, Value) and value.is_lost


def _storage(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 - its only identity
