"""Hypothesis strategies for ANNs, to test conversions with."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from hypothesis import note
from hypothesis import strategies as st
from numpy.typing import NDArray

from converters.ann import ops
from converters.ann.graph import INPUT, Ann, Node
from converters.ann.shapes import Shape, output_shape
from eventsnn import ShapeError
from eventsnn.testing import as_code as as_code_with

__all__ = ["anns", "as_code", "images"]

_EPS = 2.0**-10


def anns(*, max_nodes: int = 10) -> st.SearchStrategy[Ann]:
    """Small valid ANNs that `converters.lower` accepts: random graphs with a linear output.

    Every operation occurs, with random strides, padding, dilation and groups, nodes with
    several readers, and sums of branches. Weights are multiples of 1/4 of at most 1, batch
    norm scales are powers of two times such weights, so that small sums are exact in floating
    point. Shrinks towards one ReLU and one output on one pixel; the ANN of a failing example
    is printed as code that rebuilds it, see `as_code`.

    Args:
        max_nodes: drawn before the branches are joined into an output.
    """
    return _anns(max_nodes).map(_noted)


def as_code(ann: Ann) -> str:
    """An expression that evaluates to an equal ANN.

    It needs ``np`` and, of `converters`, ``Ann``, ``Node`` and ``ops``.
    """
    return as_code_with(ann, {ops.__name__: "ops."})


def _noted(ann: Ann) -> Ann:
    # Not the representation of an Ann: of ResNet-20 it would be megabytes.
    note(f"ann = {as_code(ann)}")
    return ann


def images(ann: Ann, *, count: int = 2) -> st.SearchStrategy[NDArray[np.float64]]:
    """``count`` images for ``ann``, multiples of 1/4 in [-1, 1]."""
    return _dyadic((count, *ann.input_shape))


def _dyadic(shape: Shape) -> st.SearchStrategy[NDArray[np.float64]]:
    # One seed instead of one draw per weight: weights matter little to shrinking, and
    # a convolution of 100 draws would exhaust hypothesis's buffer.
    return st.integers(0, 2**16).map(
        lambda seed: np.random.default_rng(seed).integers(-4, 5, shape) / 4
    )


@st.composite
def _anns(draw: st.DrawFn, max_nodes: int) -> Ann:
    shapes: dict[str, Shape] = {INPUT: draw(_image_shapes())}
    nodes: list[Node] = []
    private: set[str] = set()  # poolings that only the ReLU behind them may read

    def add(op: ops.Op, *inputs: str) -> str:
        name = f"{type(op).__name__.lower()}{len(nodes) + 1}"
        shapes[name] = output_shape(op, tuple(shapes[source] for source in inputs))
        nodes.append(Node(name, op, inputs))
        return name

    for step in range(max_nodes):
        # Not how many beforehand: so that shrinking can take out any of them alone.
        if step > 0 and draw(st.integers(0, 7)) == 0:
            break
        # One of the latest values, so that graphs are deep as well as branched.
        readable = [name for name in reversed(shapes) if name not in private]
        source = draw(st.sampled_from(readable[:3]))
        op = draw(_operations(shapes[source]))
        try:
            if isinstance(op, ops.Add):
                same = [name for name in readable if shapes[name] == shapes[source]]
                add(op, source, draw(st.sampled_from(same)))
            elif isinstance(op, ops.Concat):
                pixels = shapes[source][1:]
                beside = [name for name in readable if shapes[name][1:] == pixels]
                add(op, source, *draw(st.lists(st.sampled_from(beside), min_size=1, max_size=2)))
            elif isinstance(op, ops.MaxPool2d):
                output_shape(op, (shapes[source],))  # raises before the ReLU is added
                relu = draw(_rectifiers())
                match draw(st.sampled_from(["behind", "before", "concat"])):
                    case "behind":
                        add(op, add(relu, source))
                    case "before":
                        pool = add(op, source)
                        private.add(pool)
                        add(relu, pool)
                    case _:
                        add(op, add(ops.Concat(), add(relu, source), add(ops.ReLU(), source)))
            else:
                name = add(op, source)
                # what real networks are made of, and chance alone would hardly draw
                if isinstance(op, ops.Conv2d | ops.Linear) and draw(st.booleans()):
                    add(draw(_batch_norms(shapes[name][0])), name)
        except ShapeError:
            continue  # a window larger than the image: nothing is added
    _join(draw, nodes, shapes, add)
    return Ann(shapes[INPUT], tuple(nodes))


def _operations(shape: Shape) -> st.SearchStrategy[ops.Op]:
    """Operations for a value of ``shape``; a max pooling stands for one beside a ReLU."""
    strategies: list[st.SearchStrategy[ops.Op]] = [
        _rectifiers(),
        st.just(ops.Add()),
        st.just(ops.Concat()),
        st.builds(ops.Scale, st.sampled_from([-1.0, 0.25, 2.0])),
        _batch_norms(shape[0]),
        _sparses(shape),
    ]
    if len(shape) == 1:
        # more than once: vectors are rare, and mostly drawn late
        strategies += 3 * [st.integers(1, 4).flatmap(lambda n: _linears(shape[0], n))]
    else:
        strategies += [
            _convolutions(shape),
            _convolutions(shape),  # twice, as the others leave ever smaller images
            _windows(shape).map(lambda window: ops.MaxPool2d(*window)),
            _windows(shape).map(lambda window: ops.AvgPool2d(*window)),
            st.builds(ops.Subsample, _pairs(1, 2), _pairs(0, 1)),
            st.just(ops.GlobalAvgPool()),
            st.just(ops.Flatten()),
        ]
    return st.one_of(strategies)


def _join(
    draw: st.DrawFn, nodes: list[Node], shapes: dict[str, Shape], add: Callable[..., str]
) -> None:
    """Give all loose ends a linear read-out of one size, and sum them."""
    read = {source for node in nodes for source in node.inputs}
    loose = [name for name in shapes if name not in read]
    outputs = draw(st.integers(1, 3))
    ends = []
    for name in loose:
        end = name if len(shapes[name]) == 1 else add(ops.Flatten(), name)
        ends.append(add(draw(_linears(shapes[end][0], outputs)), end))
    if len(ends) > 1:
        add(ops.Add(), *ends)


def _image_shapes() -> st.SearchStrategy[Shape]:
    return st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6))


def _pairs(least: int, most: int) -> st.SearchStrategy[ops.Pair]:
    return st.tuples(st.integers(least, most), st.integers(least, most))


def _kernels(shape: Shape) -> st.SearchStrategy[ops.Pair]:
    return st.tuples(st.integers(1, min(3, shape[1])), st.integers(1, min(3, shape[2])))


def _linears(inputs: int, outputs: int) -> st.SearchStrategy[ops.Linear]:
    bias = st.none() | _dyadic((outputs,))
    return st.builds(ops.Linear, _dyadic((outputs, inputs)), bias)


def _rectifiers() -> st.SearchStrategy[ops.ReLU]:
    return st.builds(ops.ReLU, st.sampled_from([None, 0.5, 2.0]))


@st.composite
def _sparses(draw: st.DrawFn, shape: Shape) -> ops.Sparse:
    """Up to two inputs for each output, or a selection."""
    inputs = math.prod(shape)
    side = st.integers(1, 3)
    target = draw(st.one_of(st.tuples(side, side, side), st.tuples(side)))
    outputs = math.prod(target)
    counts = draw(st.lists(st.integers(0, 2), min_size=outputs, max_size=outputs))
    counts[0] = max(counts[0], 1)
    order = st.integers(0, 2**16).map(lambda seed: np.random.default_rng(seed).permutation(inputs))
    places = [draw(order)[:count] for count in counts]
    indices = np.array([place for row in places for place in sorted(row)], dtype=np.int32)
    counts, total = [len(row) for row in places], len(indices)
    data = np.ones(total) if draw(st.booleans()) else draw(_dyadic((total,)))
    bias = draw(st.none() | _dyadic((outputs,)))
    return ops.Sparse(data, indices, np.cumsum([0, *counts]), inputs, target, bias)


@st.composite
def _convolutions(draw: st.DrawFn, shape: Shape) -> ops.Conv2d:
    channels = shape[0]
    groups = draw(st.sampled_from([1, channels]))
    outputs = groups * draw(st.integers(1, 2))
    kernel = draw(_kernels(shape))
    return ops.Conv2d(
        draw(_dyadic((outputs, channels // groups, *kernel))),
        draw(st.none() | _dyadic((outputs,))),
        stride=draw(_pairs(1, 2)),
        padding=draw(_pairs(0, 2)),
        dilation=draw(_pairs(1, 2)),
        groups=groups,
    )


@st.composite
def _batch_norms(draw: st.DrawFn, channels: int) -> ops.BatchNorm:
    weight, bias, mean = (draw(_dyadic((channels,))) for _ in range(3))
    exponents = draw(st.lists(st.integers(-1, 1), min_size=channels, max_size=channels))
    variance = np.array([4.0**exponent - _EPS for exponent in exponents])
    return ops.BatchNorm(weight, bias, mean, variance, eps=_EPS)


@st.composite
def _windows(draw: st.DrawFn, shape: Shape) -> tuple[ops.Pair, ops.Pair, ops.Pair]:
    kernel = draw(_kernels(shape))
    padding = (
        draw(st.integers(0, kernel[0] // 2)),
        draw(st.integers(0, kernel[1] // 2)),
    )
    return kernel, draw(_pairs(1, 2)), padding
