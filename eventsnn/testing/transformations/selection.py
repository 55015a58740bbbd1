"""Links onto, or from, some of a layer's channels, by slicing the weights that mix them.

A channel is an index of the first axis: a feature map of (C, H, W), a neuron of (N,).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from eventsnn.description.base import Shape
from eventsnn.description.link import Link
from eventsnn.description.synapses import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    Scale,
    Sparse,
    Subsample,
    SumPool2d,
    output_shape,
)
from eventsnn.testing.transformations.parameters import on_first_axis

__all__ = ["from_channels", "onto_channels"]

Index = NDArray[np.int64]


def onto_channels(link: Link, source: Shape, index: Index) -> Link | None:
    """The part of a link that reaches the channels ``index`` of its layer, in that order.

    None where no `Linear`, `Conv2d` of one group or `Sparse` is left to slice behind pools
    and scales, which keep channels apart.
    """
    shapes = [source]
    for synapse in link.chain:
        shapes.append(output_shape(synapse, shapes[-1]))
    chain = list(link.chain)
    for step in reversed(range(len(chain))):
        match chain[step]:
            case Linear(weight=weight) as dense:
                chain[step] = replace(dense, weight=np.asarray(weight)[index])
                return replace(link, chain=tuple(chain))
            case Conv2d(weight=weight, groups=1) as conv:
                chain[step] = replace(conv, weight=np.asarray(weight)[index])
                return replace(link, chain=tuple(chain))
            case Sparse(weight=weight):
                chain[step] = Sparse(_stored(weight, rows=index))
                return replace(link, chain=tuple(chain), delay=_delay_rows(link.delay, index))
            case Scale(factor=factor):
                chain[step] = Scale(on_first_axis(factor, shapes[step], index))
            case AvgPool2d() | SumPool2d() | Subsample(pad_channels=(0, 0)):
                pass
            case _:
                return None
    return None


def from_channels(link: Link, source: Shape, index: Index) -> Link | None:
    """A link whose source has only the channels ``index`` of a source of shape ``source``.

    None where no `Linear`, `Conv2d` of one group or `Sparse` is there to slice.
    """
    delay = link.delay
    if isinstance(delay, np.ndarray):
        delay = np.asarray(on_first_axis(delay, source, index), dtype=np.int64)
    chain = list(link.chain)
    shape = source
    flat: Index = index
    for step, synapse in enumerate(chain):
        match synapse:
            case Linear(weight=weight):
                chain[step] = replace(synapse, weight=np.asarray(weight)[:, flat])
                return replace(link, chain=tuple(chain), delay=delay)
            case Conv2d(weight=weight, groups=1):
                chain[step] = replace(synapse, weight=np.asarray(weight)[:, flat])
                return replace(link, chain=tuple(chain), delay=delay)
            case Sparse(weight=weight):
                chain[step] = Sparse(_stored(weight, columns=flat))
                if sp.issparse(delay):
                    delay = _stored(delay, columns=flat)
                return replace(link, chain=tuple(chain), delay=delay)
            case Scale(factor=factor):
                chain[step] = Scale(on_first_axis(factor, shape, flat))
            case Flatten():
                each = int(np.prod(shape[1:]))
                flat = (flat[:, None] * each + np.arange(each)).ravel()
            case AvgPool2d() | SumPool2d() | Subsample(pad_channels=(0, 0)):
                pass
            case _:
                return None
        shape = output_shape(synapse, shape)
    return None


def _delay_rows(delay: Any, index: Index) -> Any:
    return _stored(delay, rows=index) if sp.issparse(delay) else delay


def _stored(matrix: Any, rows: Index | None = None, columns: Index | None = None) -> Any:
    """Rows or columns of a matrix, stored zeros too, in canonical order."""
    # 1 is added to each entry, as SciPy may drop zeros on the way
    numbered = sp.csr_array(
        (np.arange(1, matrix.nnz + 1), matrix.indices, matrix.indptr), matrix.shape
    )
    part = sp.csr_array(numbered[rows] if rows is not None else numbered[:, columns])
    part.sort_indices()
    return sp.csr_array((matrix.data[part.data - 1], part.indices, part.indptr), part.shape)
