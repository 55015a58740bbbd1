"""The recipe of ``docs/extending.md``, added to a copy of the packages as the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINE = "from converters.recipes.maximum import MAXIMUM\n"


def extended(folder, *, file=True, line=True):
    """A copy of both packages with the steps of the page, or without one."""
    for name in ("eventsnn", "converters"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    recipes = folder / "converters" / "recipes"
    if file:
        page = (ROOT / "docs" / "extending.md").read_text()
        code = re.search(r"## A recipe.*?```python\n(.*?)```", page, re.DOTALL).group(1)
        (recipes / "maximum.py").write_text(f'"""Of the page."""\n\n{code}')
    if line:
        registry = (recipes / "__init__.py").read_text()
        registry = registry.replace(
            "from converters.recipes.noise", f"{LINE}from converters.recipes.noise"
        )
        registry = registry.replace("(RATE, ", "(RATE, MAXIMUM, ")
        (recipes / "__init__.py").write_text(registry)


def convert(folder):
    demo = ROOT / "eventsnn" / "demo_data"
    code = f"""
import numpy as np
from eventsnn.cli import main
digits = np.load({str(demo / "digits.npz")!r})
np.savez("train.npz", x=digits["x_calibration"], y=digits["y_calibration"])
main(["convert", {str(demo / "digits_cnn.npz")!r}, "-o", "n.h5", "--recipe", "maximum",
      "--ticks", "8", "--scale", "16", "--calibration", "train.npz"])
"""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_recipe_of_the_page_converts(tmp_path):
    extended(tmp_path)
    done = convert(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "recipe maximum for T = 8" in done.stdout


@pytest.mark.parametrize(
    ("left_out", "found"),
    [("file", "No module named 'converters.recipes.maximum'"), ("line", "'maximum' is not one of")],
)
def test_each_step_that_is_left_out_is_found(tmp_path, left_out, found):
    extended(tmp_path, **{left_out: False})
    done = convert(tmp_path)
    assert done.returncode != 0
    assert found in done.stderr
