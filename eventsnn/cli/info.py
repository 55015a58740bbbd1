"""``eventsnn info``: what a file holds, weights (NPZ) or a spiking network (HDF5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from eventsnn.cli.options import EXISTING_FILE

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["info"]

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


@click.command()
@click.argument("path", metavar="FILE", type=EXISTING_FILE)
@click.option("--arch", help="What bare weights are: a name such as resnet20-cifar, or graph.json.")
def info(path: Path, arch: str | None) -> None:
    """Layers, shapes, parameters, neurons, MACs and fan-out of FILE (.npz or HDF5)."""
    with path.open("rb") as file:
        is_hdf5 = file.read(len(_HDF5_SIGNATURE)) == _HDF5_SIGNATURE
    if is_hdf5:
        if arch is not None:
            raise click.UsageError(f"--arch is for bare weights; {path} describes itself")
        from eventsnn.cli.info_network import print_network

        print_network(path)
    else:
        from eventsnn.cli.info_weights import print_weights

        print_weights(path, arch)
