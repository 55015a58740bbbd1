"""Train the small network that ships with eventsnn, and cut out its data.

    python benchmarks/train_digits.py

Writes ``eventsnn/demo_data/digits_cnn.npz`` (self-describing weights, see
`converters.intake.load`) and ``eventsnn/demo_data/digits.npz`` (``x_test``, ``y_test``,
``x_calibration``, ``y_calibration``). Each tells its origin under the key ``about``.

Data: Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine
Learning Repository (doi 10.24432/C50P49), license CC BY 4.0, the 1,797 images of its test
part as bundled with scikit-learn: 8 x 8 pixels, grey values 0 to 16. Preprocessing: x / 16.

Split: a permutation with seed 0; the first 1,297 images train, the last 500 test; the
first 200 training images are for calibration.

Result: 99.2 % of the 500 test images (496) with 24,698 parameters. Needs torch and
scikit-learn, and takes 12 s on one core; other versions of torch may end up a little apart.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import nn

from converters import Ann, ann_from_source, forward, save_ann
from eventsnn.files.npz import write_npz

SEED = 0
EPOCHS = 100
BATCH = 64
FOLDER = Path(__file__).parents[1] / "eventsnn" / "demo_data"
LICENCE = (
    "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning "
    "Repository, doi 10.24432/C50P49, CC BY 4.0; images as in scikit-learn's load_digits"
)

CONV = {"op": "Conv2d", "kernel_size": 3, "padding": 1, "bias": False}
GRAPH = {
    "format": "eventsnn-ann",
    "version": 1,
    "input_shape": [1, 8, 8],
    "output": "fc",
    "nodes": [
        {"name": "conv1", **CONV, "inputs": ["input"], "out_channels": 16},
        {"name": "bn1", "op": "BatchNorm", "inputs": ["conv1"]},
        {"name": "relu1", "op": "ReLU", "inputs": ["bn1"]},
        {"name": "conv2", **CONV, "inputs": ["relu1"], "out_channels": 32, "stride": 2},
        {"name": "bn2", "op": "BatchNorm", "inputs": ["conv2"]},
        {"name": "relu2", "op": "ReLU", "inputs": ["bn2"]},
        {"name": "conv3", **CONV, "inputs": ["relu2"], "out_channels": 32},
        {"name": "bn3", "op": "BatchNorm", "inputs": ["conv3"]},
        {"name": "relu3", "op": "ReLU", "inputs": ["bn3"]},
        {"name": "conv4", **CONV, "inputs": ["relu3"], "out_channels": 32},
        {"name": "bn4", "op": "BatchNorm", "inputs": ["conv4"]},
        {"name": "add", "op": "Add", "inputs": ["bn4", "relu2"]},
        {"name": "relu4", "op": "ReLU", "inputs": ["add"]},
        {"name": "pool", "op": "AvgPool2d", "inputs": ["relu4"], "kernel_size": 2},
        {"name": "flatten", "op": "Flatten", "inputs": ["pool"]},
        {"name": "fc", "op": "Linear", "inputs": ["flatten"], "out_features": 10},
    ],
}


class DigitsNet(nn.Module):
    """The network of ``GRAPH``."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(32)
        self.conv4 = nn.Conv2d(32, 32, 3, padding=1, bias=False)
        self.bn4 = nn.BatchNorm2d(32)
        self.fc = nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of images (N, 1, 8, 8)."""
        x = self.bn1(self.conv1(x)).relu()
        x = self.bn2(self.conv2(x)).relu()
        inner = self.bn3(self.conv3(x)).relu()
        x = (self.bn4(self.conv4(inner)) + x).relu()
        return self.fc(nn.functional.avg_pool2d(x, 2).flatten(1))


def digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All images (1797, 1, 8, 8) and labels, in the order of the split."""
    bunch = load_digits()
    order = np.random.default_rng(SEED).permutation(len(bunch.target))
    images = bunch.images[order, None].astype(np.uint8)
    return images, bunch.target[order].astype(np.int64)


def shifted(images: torch.Tensor) -> torch.Tensor:
    """The batch, moved by up to one pixel each way."""
    down, right = torch.randint(-1, 2, (2,)).tolist()
    padded = nn.functional.pad(images, (1, 1, 1, 1))
    return padded[:, :, 1 + down : 9 + down, 1 + right : 9 + right]


def train(x: torch.Tensor, y: torch.Tensor) -> DigitsNet:
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # the order of additions, and so the result, depends on it
    model = DigitsNet()
    steps = EPOCHS * -(-len(x) // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=steps)
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(x)).split(BATCH):
            loss = nn.functional.cross_entropy(model(shifted(x[batch])), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch + 1:3d} of {EPOCHS}: loss {total / len(x):.4f}", flush=True)
    return model.eval()


def exported(model: DigitsNet) -> Ann:
    """The trained network, read as anybody would read its weights."""
    weights = {
        name: values.numpy()
        for name, values in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    return ann_from_source(json.dumps(GRAPH), weights)


def main() -> None:
    x, y = digits()
    x_train, y_train, x_test, y_test = x[:-500], y[:-500], x[-500:], y[-500:]
    model = train(torch.from_numpy(x_train / np.float32(16)), torch.from_numpy(y_train))
    ann = exported(model)
    answers = forward(ann, x_test / np.float32(16)).argmax(axis=1)
    about = {
        "license": LICENCE,
        "seed": SEED,
        "preprocessing": "x / 16",
        "test_accuracy": float(np.mean(answers == y_test)),
        "made_by": "benchmarks/train_digits.py",
    }
    parameters = sum(values.numel() for values in model.parameters())
    print(f"{about['test_accuracy']:.1%} of {len(y_test)} test images, {parameters} parameters")
    FOLDER.mkdir(exist_ok=True)
    save_ann(FOLDER / "digits_cnn.npz", ann, about)
    data = {
        "x_test": x_test,
        "y_test": y_test,
        "x_calibration": x_train[:200],
        "y_calibration": y_train[:200],
        "about": np.array(json.dumps(about)),
    }
    write_npz(FOLDER / "digits.npz", data)


if __name__ == "__main__":
    main()
