"""Drawn ANNs reach every operation, shrink to two neurons, and print as code."""

from random import Random
from typing import get_args

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from profiles import examples

import converters
from converters import fold_batch_norm, lower, ops, rate
from converters.testing import anns, as_code, images


@pytest.fixture(scope="module")
def drawn():
    found = []

    @settings(derandomize=True, max_examples=1000, phases=[Phase.generate])
    @given(ann=anns())
    def look(ann):
        found.append(ann)

    look()
    return found


def all_ops(drawn):
    return [node.op for ann in drawn for node in ann.nodes]


def test_every_operation_is_drawn(drawn):
    """But `Spike`, which stands in networks that were trained as spiking ones."""
    assert {type(op) for op in all_ops(drawn)} == set(get_args(ops.Op)) - {ops.Spike}


def test_convolutions_of_every_form_are_drawn(drawn):
    convolutions = [op for op in all_ops(drawn) if isinstance(op, ops.Conv2d)]
    for name, plain in (("stride", 1), ("padding", 0), ("dilation", 1)):
        sizes = {getattr(op, name) for op in convolutions}
        assert (plain, plain) in sizes
        assert any(rows != columns for rows, columns in sizes)
    assert {op.groups > 1 for op in convolutions} == {True, False}
    assert {op.bias is None for op in convolutions} == {True, False}


def test_batch_norms_stand_behind_convolutions_with_and_without_bias(drawn):
    normed = [
        ann.by_name[node.inputs[0]].op
        for ann in drawn
        for node in ann.nodes
        if isinstance(node.op, ops.BatchNorm) and node.inputs[0] in ann.by_name
    ]
    for kind in (ops.Conv2d, ops.Linear):
        assert {op.bias is None for op in normed if isinstance(op, kind)} == {True, False}


def test_graphs_branch_and_join(drawn):
    assert any(len(readers) > 1 for ann in drawn for readers in ann.consumers.values())
    joins = [node for ann in drawn for node in ann.nodes if isinstance(node.op, ops.Add)]
    assert any(len(set(node.inputs)) > 1 for node in joins)


def smallest(strategy, condition=lambda _: True, seed=0):
    options = settings(database=None, max_examples=1000, phases=[Phase.generate, Phase.shrink])
    return find(strategy, condition, settings=options, random=Random(seed))


def neurons(ann):
    network = lower(ann, dict.fromkeys(ann.names_of(ops.ReLU), 0.25))
    return [layer.size for layer in network.layers]


def test_the_smallest_ann_is_one_neuron_and_its_output():
    ann = smallest(anns())
    assert ann.input_shape == (1, 1, 1)
    assert neurons(ann) == [1, 1]


@pytest.mark.parametrize("kind", [ops.Conv2d, ops.BatchNorm, ops.MaxPool2d, ops.Concat])
def test_the_smallest_ann_with_an_operation_has_a_few_neurons(kind):
    """From one of three draws at least: shrinking may end where no single step goes further."""
    found = (smallest(anns(), lambda ann: bool(ann.names_of(kind)), seed) for seed in range(3))
    assert any(sum(neurons(ann)) <= 5 and ann.input_shape == (1, 1, 1) for ann in found)


@settings(max_examples=examples(100))
@given(ann=anns())
def test_an_ann_prints_as_code_that_rebuilds_it(ann):
    rebuilt = eval(as_code(ann), {"np": np, **vars(converters)})
    assert rebuilt == ann
    assert as_code(rebuilt) == as_code(ann)


def test_the_code_keeps_float32():
    ann = converters.Ann((2,), (converters.Node("fc", ops.Linear(np.ones((1, 2), np.float32))),))
    assert eval(as_code(ann), {"np": np, **vars(converters)}) == ann


def test_a_failing_example_is_printed_as_code():
    @settings(derandomize=True, database=None, phases=[Phase.generate])
    @given(ann=anns())
    def fails(ann):
        assert not ann.names_of(ops.ReLU)

    with pytest.raises(AssertionError) as failure:
        fails()
    (line,) = [note for note in failure.value.__notes__ if note.startswith("ann = ")]
    assert eval(line.removeprefix("ann = "), {"np": np, **vars(converters)}).names_of(ops.ReLU)


@settings(max_examples=examples(50))
@given(data=st.data())
def test_every_drawn_ann_converts(data):
    ann = data.draw(anns())
    x = data.draw(images(ann))
    network = rate(ann, x, ticks=1).network
    assert (
        network.layer(network.output).shape
        == fold_batch_norm(ann).shapes[fold_batch_norm(ann).output]
    )
