"""The scripts of the networks at full size: what they start from, and a short run of each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402 - only with PyTorch

pytestmark = pytest.mark.torch

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


def public_weights(blocks, seed=0):
    """As akamaster/pytorch_resnet_cifar10 names them, with batch norms that do something."""
    generator = torch.Generator().manual_seed(seed)
    arrays = {}

    def layer(conv, norm, before, after):
        weight = torch.randn(after, before, 3, 3, generator=generator) / (3 * before**0.5)
        arrays[f"{conv}.weight"] = weight
        for name, least in (("weight", 0.5), ("bias", -0.3), ("running_mean", -0.2)):
            arrays[f"{norm}.{name}"] = least + torch.rand(after, generator=generator)
        arrays[f"{norm}.running_var"] = 0.5 + torch.rand(after, generator=generator)

    layer("conv1", "bn1", 3, 16)
    before = 16
    for stage, after in enumerate((16, 32, 64), 1):
        for block in range(blocks):
            name = f"layer{stage}.{block}"
            layer(f"{name}.conv1", f"{name}.bn1", before, after)
            layer(f"{name}.conv2", f"{name}.bn2", after, after)
            before = after
    arrays["linear.weight"] = torch.randn(10, 64, generator=generator)
    arrays["linear.bias"] = torch.randn(10, generator=generator)
    return {name: values.numpy() for name, values in arrays.items()}


def answer(arrays, x):
    """What such a network computes, written down once more."""
    known = {name: torch.from_numpy(values).double() for name, values in arrays.items()}

    def layer(x, conv, norm, stride=1):
        y = nn.functional.conv2d(x, known[f"{conv}.weight"], stride=stride, padding=1)
        names = ("running_mean", "running_var", "weight", "bias")
        return nn.functional.batch_norm(y, *(known[f"{norm}.{name}"] for name in names))

    x = layer(x, "conv1", "bn1").relu()
    for stage in (1, 2, 3):
        block = 0
        while f"layer{stage}.{block}.conv1.weight" in known:
            name = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            inner = layer(x, f"{name}.conv1", f"{name}.bn1", stride).relu()
            inner = layer(inner, f"{name}.conv2", f"{name}.bn2")
            if stride == 2:
                quarter = inner.shape[1] // 4
                x = nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, quarter, quarter))
            x, block = (inner + x).relu(), block + 1
    return nn.functional.linear(x.mean((2, 3)), known["linear.weight"], known["linear.bias"])


@pytest.mark.parametrize("block", ["post", "pre_current"])
def test_a_deeper_network_answers_as_the_one_it_was_made_of(block, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import deepened_resnet

    arrays = public_weights(2)
    x = torch.randn(40, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    deeper = deepened_resnet.rebuilt(arrays, block, x, "exact").double()
    assert sum(isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3) for m in deeper.modules()) == 31
    expected = answer(arrays, x.double())
    with torch.no_grad():
        for images in (x, x[:7]):
            torch.testing.assert_close(
                deeper.eval()(images.double()), expected[: len(images)], rtol=1e-4, atol=1e-4
            )
        skipped = deepened_resnet.without_added_blocks(deeper)(x.double())
    if block == "post":
        torch.testing.assert_close(skipped, expected, rtol=1e-4, atol=1e-4)
    else:
        assert (skipped - expected).abs().max() > 0.1


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, BENCHMARKS / script, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(BENCHMARKS.parent), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_train_then_tell(tmp_path):
    generator = np.random.default_rng(0)
    names = [f"cifar10_train_{part}of5" for part in range(1, 6)]
    counts = dict.fromkeys(names, 130) | {"cifar10_test_958": 3, "cifar10_test_3400": 2}
    for name, count in counts.items():
        x = generator.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
        np.savez(tmp_path / f"{name}.npz", x=x, y=generator.integers(0, 10, count))
    np.savez(tmp_path / "resnet20_cifar10.npz", **public_weights(3))
    short = ["--data", tmp_path, "--out", tmp_path, "--epochs", 1, "--images", 32, "--batch", 16]
    said = run("fine_tune_cifar10.py", "resnet20_noise", *short)
    assert f"{tmp_path / 'resnet20_noise.npz'}: " in said
    assert "of 26 images held out" in said
    jobs = [f"{tmp_path / 'resnet20_noise.npz'},{recipe}" for recipe in ("ann,0", "carry,2")]
    told = run("full_size.py", "--data", tmp_path, "--out", tmp_path / "answers", *jobs)
    again = run("full_size.py", "--out", tmp_path / "answers", "--print")
    assert sorted(told.splitlines()) == sorted(again.splitlines())
    assert "resnet20_noise_carry_2 (5): T=1 " in told
