"""Are the added blocks of the 116-layer networks used? Accuracy with them, and with each skipped.

    python benchmarks/added_blocks.py --data FOLDER [benchmarks/trained/resnet116_post.npz ...]

The networks are those of `fine_tune_cifar10`, as ANNs, on the 4,358 official test images of
``cifar10_test_958.npz`` and ``cifar10_test_3400.npz``. Needs torch.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from deepened_resnet import without_added_blocks
from full_size import test_images

from converters import load_ann
from converters.ann import ops
from converters.training.ceilings import Bounded
from converters.training.fit import accuracy
from converters.training.resnet import ResNet

TRAINED = Path(__file__).parent / "trained"


def restored(path: Path) -> ResNet:
    """The module that was exported to ``path``, which names its block."""
    model = ResNet(116, 16, path.stem.removeprefix("resnet116_"))
    state = model.state_dict()
    for node in load_ann(path).nodes:
        if isinstance(node.op, ops.ReLU):
            module = model.get_submodule(node.name)
            assert isinstance(module, Bounded)
            state[f"{node.name}.ceiling"] = torch.tensor(node.op.ceiling)
        for name in ("weight", "bias", "running_mean", "running_var"):
            if f"{node.name}.{name}" in state:
                state[f"{node.name}.{name}"] = torch.tensor(getattr(node.op, name))
    model.load_state_dict(state)
    return model.to(memory_format=torch.channels_last)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    networks = sorted(TRAINED.glob("resnet116_*.npz"))
    parser.add_argument("networks", nargs="*", type=Path, default=networks)
    parser.add_argument("--data", type=Path, required=True, help="folder of the CIFAR-10 NPZ")
    parser.add_argument("--limit", type=int, help="test images, all by default")
    options = parser.parse_args()
    x, y = (torch.from_numpy(values) for values in test_images(options.data, options.limit))
    x = x.contiguous(memory_format=torch.channels_last)
    for path in options.networks:
        model = restored(path)
        whole = accuracy(model, x, y)
        part = accuracy(without_added_blocks(model), x, y)
        sys.stdout.write(f"{path.stem}: {whole:.2%}, without the added blocks {part:.2%}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
