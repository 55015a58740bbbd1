"""Calls of the exporter, from Python and from the command line, good and bad."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch_models as models  # noqa: E402 - same
from torch import nn  # noqa: E402 - same

import converters  # noqa: E402 - same
from converters import load_ann  # noqa: E402 - same
from converters.intake.export_torch import main, trace  # noqa: E402 - same
from eventsnn import (  # noqa: E402 - same
    ConversionError,
    UnsupportedLayerError,
)

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel"),
]


def test_what_is_no_module_is_refused():
    with pytest.raises(ConversionError, match=r"expected a torch.nn.Module, found function"):
        trace(lambda x: x, torch.rand(1, 3))


@pytest.mark.parametrize("call", ["import converters.intake.export_torch", "run"])
def test_without_pytorch_the_extra_is_named(call):
    lines = ["import sys", "sys.modules['torch'] = None"]
    if call == "run":
        lines += [
            "import runpy",
            "runpy.run_module('converters.intake.export_torch', None, '__main__')",
        ]
    else:
        lines.append(call)
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert 'python -m pip install "eventsnn[torch]"' in done.stderr
    assert ("MissingExtraError" in done.stderr) == (call != "run")
    assert done.returncode == (2 if call == "run" else 1)


def test_two_inputs_are_refused():
    class Two(nn.Module):
        def forward(self, x, y):
            return x + y

    with pytest.raises(UnsupportedLayerError, match="found `x`, `y`"):
        trace(Two(), torch.rand(1, 3, 8, 8))


def test_a_trace_that_depends_on_the_batch_is_found_out():
    with pytest.raises(ConversionError, match="another value for another number of images"):
        trace(models.Forward(lambda m, x: m.conv(x) * x.size(0)), torch.rand(1, 4, 8, 8))


@pytest.mark.parametrize("shape", [(), (4,), (0, 4, 8, 8)])
def test_examples_need_a_batch_axis(shape):
    with pytest.raises(ConversionError, match="example: expected images with a batch axis"):
        trace(nn.Linear(4, 2), torch.zeros(shape))


def test_the_command_line(tmp_path, capsys):
    target = tmp_path / "weights.npz"
    state = models.trained(models.MobileNet()).state_dict()
    torch.save({"state_dict": state}, tmp_path / "state.pt")
    call = ["torch_models:MobileNet", "-o", str(target), "--input-shape", "3,32,32"]
    assert main([*call, "--state", str(tmp_path / "state.pt")]) == 0
    assert "Ann (3, 32, 32) -> (10,)" in capsys.readouterr().out
    ann = load_ann(target)
    np.testing.assert_array_equal(
        ann.by_name["classifier.1"].op.weight, state["classifier.1.weight"]
    )


BAD_CALLS = [
    (["nowhere:f", "--input-shape", "3,8,8"], "expected package.module:name"),
    (["torch_models:Nothing", "--input-shape", "3,8,8"], "has no attribute 'Nothing'"),
    (["torch_models:projection.__class__", "--input-shape", "3"], "has no attribute"),
    (["torch_models:MobileNet", "--input-shape", "3,x"], "expected sizes such as 3,32,32"),
    (["torch_models:MobileNet", "--input-shape", "4,32,32"], "fails on the example"),
    (["torch_models:MobileNet", "--input-shape", "3,32,32", "--state", "no.pt"], "no.pt"),
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS)
def test_bad_calls_end_with_one_message(call, message, tmp_path, capsys):
    assert main([*call, "-o", str(tmp_path / "x.npz")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("Error: ")
    assert not list(tmp_path.iterdir())


def test_the_short_way():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3))
    images = torch.rand(12, 1, 4, 4)
    data = torch.utils.data.TensorDataset(images, torch.zeros(12))
    loader = torch.utils.data.DataLoader(data, 5)
    trained = converters.from_torch(model, images)
    conversions = [trained.convert("rate", x, ticks=4) for x in (images.numpy(), loader, data)]
    assert all(c.network == conversions[0].network for c in conversions)
    with pytest.raises(ConversionError, match="recipe: expected one of"):
        trained.convert("magic", loader)
    with pytest.raises(ConversionError, match=r"recipe rate: .*temperature"):
        trained.convert("rate", loader, temperature=1)


def test_what_is_left_out_is_said(tmp_path):
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 3), nn.Softmax(1))
    with pytest.warns(UserWarning, match="Softmax at the end of the model is left out"):
        converters.export(model, torch.rand(1, 1, 4, 4), tmp_path / "x.npz")


def test_all_that_cannot_come_in_is_named_at_once():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.Conv2d(4, 4, 3), nn.GroupNorm(2, 4))
    with pytest.raises(UnsupportedLayerError) as caught:
        trace(model, torch.rand(1, 3, 8, 8))
    assert "2 kinds of operations" in str(caught.value)
    assert "`1` (GELU)" in str(caught.value)
    assert "`3` (GroupNorm)" in str(caught.value)


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "net"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.module."])
def test_checkpoints_of_all_kinds(key, prefix, tmp_path):
    state = {prefix + k: v for k, v in models.trained(models.MobileNet()).state_dict().items()}
    torch.save({key: state, "epoch": 3}, tmp_path / "best.pth.tar")
    call = ["torch_models:MobileNet", "-o", str(tmp_path / "x.npz"), "--input-shape", "3,32,32"]
    assert main([*call, "--state", str(tmp_path / "best.pth.tar")]) == 0
