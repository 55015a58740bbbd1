"""Recipes say of themselves what the command line, the files and the pages need."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from click.testing import CliRunner

import converters
from converters import Ann, Conversion, Node, ops
from converters.recipes import RECIPES
from eventsnn.cli import main


@pytest.mark.parametrize("name", RECIPES)
def test_options_are_keywords_of_the_public_function(name):
    keywords = inspect.signature(getattr(converters, name)).parameters
    options = {option.name for option in RECIPES[name].options}
    assert options <= set(keywords)
    for option in RECIPES[name].options:
        assert option.help.endswith(".")
        assert option.help[0].isupper()
        required = keywords[option.name].default is inspect.Parameter.empty
        assert option.required == required


def test_the_help_has_a_section_for_each_recipe():
    shown = CliRunner().invoke(main, ["convert", "--help"]).output
    for recipe in RECIPES.values():
        assert f"Recipe {recipe.name}:" in shown
        section = shown.split(f"Recipe {recipe.name}:")[1].split("\nRecipe ")[0]
        for option in recipe.options:
            assert f"--{option.name}" in section


def test_an_unknown_recipe_is_refused_by_the_names_there_are(tmp_path):
    (tmp_path / "w.npz").write_bytes(b"")
    call = ["convert", str(tmp_path / "w.npz"), "-o", "n.h5", "--recipe", "best"]
    result = CliRunner().invoke(main, [*call, "--calibration", str(tmp_path)])
    assert result.exit_code == 2
    assert "'rate', 'ttrbr', 'bsnn', 'noise'" in result.stderr


@pytest.mark.parametrize("name", ["rate", "ttrbr", "bsnn"])
def test_what_a_recipe_builds_is_saved_and_loaded(tmp_path, name):
    rng = np.random.default_rng(0)
    ann = Ann(
        (4,),
        (
            Node("fc1", ops.Linear(rng.normal(size=(6, 4)), rng.normal(size=6))),
            Node("relu", ops.ReLU(), ("fc1",)),
            Node("fc2", ops.Linear(rng.normal(size=(3, 6))), ("relu",)),
        ),
    )
    images = rng.normal(size=(20, 4))
    options = {"phases": 4} if name == "bsnn" else {"ticks": 8}
    made = RECIPES[name](ann, images, options)
    made.save(tmp_path / "n.h5")
    read = Conversion.load(tmp_path / "n.h5")
    assert read.network == made.network
    assert read.ann == made.ann == ann
    assert (read.recipe, read.ticks, read.parameters) == (name, made.ticks, made.parameters)
    assert read.thresholds.keys() == made.thresholds.keys()
    for key, theta in made.thresholds.items():
        assert np.array_equal(read.thresholds[key], theta)
    again, first = read.evaluate(images), made.evaluate(images)
    assert np.array_equal(again.predictions, first.predictions)
    assert again.counts == first.counts
    assert first.agreement[-1] > 0.5


def test_a_conversion_is_evaluated_on_batches():
    rng = np.random.default_rng(1)
    nodes = (Node("relu", ops.ReLU()), Node("fc", ops.Linear(rng.normal(size=(3, 4))), ("relu",)))
    images, labels = rng.random((20, 4)), rng.integers(0, 3, 20)
    made = converters.rate(Ann((4,), nodes), images, ticks=4)
    batches = [(images[:8], labels[:8]), (images[8:], labels[8:])]
    found, expected = made.evaluate(iter(batches)), made.evaluate(images, labels)
    assert np.array_equal(found.accuracy, expected.accuracy)
    assert np.array_equal(found.agreement, expected.agreement)
