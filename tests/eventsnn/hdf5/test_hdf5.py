"""Network files: exact round trips, and one kind of error for every kind of damage."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
import scipy.sparse as sp

from eventsnn.description.link import Link
from eventsnn.description.network import Input, Layer, Network
from eventsnn.description.neurons import (
    IF,
    LI,
    LIF,
    Bistable,
    Burst,
    Neuron,
    NoReset,
    PhaseAccumulator,
    PhaseIF,
    PhaseMaximum,
    Relay,
    RunningMaximum,
    Signed,
    Subtract,
    Synchronous,
    ToValue,
)
from eventsnn.description.synapses import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Linear,
    Scale,
    Sparse,
    Subsample,
    SumPool2d,
    Synapse,
)
from eventsnn.errors import FileFormatError
from eventsnn.files.whole_file import replacing
from eventsnn.hdf5 import NetworkFile, Source, load_network, save_network
from eventsnn.signals.preprocessing import Preprocessing

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(0)


def weights(*shape: int) -> Any:
    """Numbers that no text or float32 would keep."""
    return RNG.standard_normal(shape) / 3


NEURONS: list[Neuron] = [
    IF(),
    IF(weights(4, 1, 1) ** 2 + 0.1, Subtract(weights(4, 1, 1)), weights(4, 6, 6)),
    IF(0.1, ToValue(weights(4, 1, 1)), 0.3),
    IF(np.nextafter(1.0, 2.0), NoReset(), v_min=-0.5, refractory=3),
    IF(v_max=weights(4, 1, 1) ** 2 + 1),
    LIF(0.9),
    LIF(weights(4, 1, 1) ** 2 / 99 + 0.1, 2.0, ToValue(0.1), 0.2, -1.0, weights(4, 1, 1) * 0 + 2),
    Burst(0.3, 5, 0.1),
    Signed(0.3, 0.2, weights(4, 6, 6)),
    LI(0.1, 0.5),
    LI(weights(4, 6, 6)),
    Relay(),
    PhaseIF(3, weights(4, 1, 1) ** 2 + 0.1),
    Bistable(1, 5, 0.3),
    Bistable(2, 4, weights(4, 6, 6) ** 2 + 0.1, True, True, 3, True),
    PhaseAccumulator(1, 7),
    PhaseAccumulator(3, 7, True, 2, True),
]
CHAINS: list[tuple[tuple[Synapse, ...], tuple[int, ...]]] = [
    ((), (4, 6, 6)),
    ((Conv2d(weights(6, 2, 3, 2), (2, 1), (1, 0), (1, 2), groups=2),), (6, 3, 4)),
    ((AvgPool2d((2, 3), (1, 2), (1, 1)),), (4, 7, 3)),
    ((SumPool2d(3, 2, 1), Scale(weights(4, 1, 1))), (4, 3, 3)),
    ((Subsample((2, 3), (1, 2)),), (7, 3, 2)),
    ((Flatten(), Linear(weights(5, 144)), Scale(0.5)), (5,)),
    ((Flatten(), Sparse(sp.random_array((7, 144), density=0.1, random_state=1))), (7,)),
    ((Flatten(), Sparse(sp.csr_array((3, 144)))), (3,)),
    ((AvgPool2d(6), Flatten(), Linear(weights(2, 4))), (2,)),
]


def network_of_every_kind() -> Network:
    layers = [
        Layer(f"neuron/{i}", (4, 6, 6), neuron, (Link("image"),), weights(4, 1, 1))
        for i, neuron in enumerate(NEURONS)
    ]
    layers += [
        Layer(f"chain {i}", shape, IF(), (Link("neuron/0", chain, delay=i),))
        for i, (chain, shape) in enumerate(CHAINS)
    ]
    layers.append(Layer("spoken", (4, 6, 6), Bistable(1, 4), (Link("image"),)))
    again = Synchronous(2, 4, readings=5)
    layers.append(Layer("again", (4, 6, 6), again, (Link("spoken"),)))
    pooled = PhaseMaximum(4, (3, 2), (1, 2), (1, 1))
    layers.append(Layer("pooled", (4, 6, 4), pooled, (Link("again"),)))
    windows = RunningMaximum((3, 2), (1, 2), (1, 1))
    layers.append(Layer("máx", (4, 6, 4), windows, (Link("neuron/1"),)))
    two_links = (Link("image", delay=3), Link("loop", (Scale(-0.25),), delay=1))
    layers.append(Layer("loop", (4, 6, 6), IF(), two_links, bias=0.1))
    layers.append(Layer("no links", (3,), LI(), ()))
    return Network((Input("image", (4, 6, 6)), Input("unused", (5,))), tuple(layers), "chain 5")


def full_file() -> NetworkFile:
    arrays = {
        "conv.weight": weights(2, 3, 3).astype(np.float32),
        "a/b": np.array(7, dtype=np.int64),
        "empty": np.zeros((0, 3)),
    }
    return NetworkFile(
        network=network_of_every_kind(),
        preprocessing=Preprocessing(255, (0.1, 0.2, 1 / 3), (0.5,)),
        source=Source('{"nodes": "ä"}' * 10_000, arrays),
        ann_macs={"conv": 2**40, "fc": 0},
        recipe="rate",
        ticks=32,
        parameters={"quantile": 0.999, "granularity": "channel"},
        version="1.2.3",
    )


def small_file() -> NetworkFile:
    layer = Layer("out", (2,), IF(weights(2) ** 2), (Link("x", (Linear(weights(2, 3)),)),))
    source = Source("{}", {"w": weights(3)})
    return NetworkFile(
        Network((Input("x", (3,)),), (layer,)), Preprocessing(), source, {"w": 3}, "rate", 8
    )


def test_every_kind_makes_the_round_trip(tmp_path: Path) -> None:
    written = full_file()
    save_network(tmp_path / "a.h5", written)
    read = load_network(tmp_path / "a.h5")
    assert read.network == written.network
    assert read.preprocessing == written.preprocessing
    assert read.ann_macs == written.ann_macs
    assert (read.recipe, read.ticks, read.version) == ("rate", 32, "1.2.3")
    assert read.parameters == written.parameters
    assert read.source is not None
    assert written.source is not None
    assert read.source.graph == written.source.graph
    assert list(read.source.arrays) == list(written.source.arrays)
    for name, values in written.source.arrays.items():
        assert read.source.arrays[name].dtype == values.dtype
        assert np.array_equal(read.source.arrays[name], values)


def test_the_round_trip_compares_something() -> None:
    other = network_of_every_kind()
    assert other != full_file().network  # fresh random weights


def test_unknown_parts_stay_unknown(tmp_path: Path) -> None:
    save_network(tmp_path / "a.h5", NetworkFile(small_file().network))
    read = load_network(tmp_path / "a.h5")
    assert read.preprocessing is read.source is read.ann_macs is read.ticks is None
    assert (read.recipe, read.parameters) == ("", {})


def test_the_same_network_makes_the_same_bytes(tmp_path: Path) -> None:
    file = full_file()
    save_network(tmp_path / "a.h5", file)
    save_network(tmp_path / "b.h5", file)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_any_damaged_byte_is_found_or_harmless(tmp_path: Path) -> None:
    path, file = tmp_path / "a.h5", small_file()
    save_network(path, file)
    whole = path.read_bytes()
    messages: list[str] = []
    places = random.Random(0).sample(range(len(whole)), 400)
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        path.write_bytes(damaged)
        try:
            read = load_network(path)
        except FileFormatError as error:
            messages.append(str(error))
            continue
        assert read.network == file.network
        assert read.preprocessing == file.preprocessing
        assert read.ann_macs == file.ann_macs
    assert len(messages) > 200
    assert all(str(path) in message for message in messages)


def test_truncated_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    save_network(path, small_file())
    whole = path.read_bytes()
    for kept in range(0, len(whole), len(whole) // 40):
        path.write_bytes(whole[:kept])
        with pytest.raises(FileFormatError, match=r"a\.h5: damaged, or not an HDF5 file"):
            load_network(path)


@pytest.mark.parametrize(
    "item",
    [
        "network",
        "network/inputs",
        "network/layers/0/bias@",
        "network/layers/0/name@",
        "network/layers/0/shape@",
        "network/layers/0/neuron",
        "network/layers/0/neuron/kind@",
        "network/layers/0/links/0/source@",
        "network/layers/0/links/0/delay@",
        "network/layers/0/links/0/chain",
        "network/layers/0/links/0/chain/0/weight",
        "network/output@",
        "preprocessing/scale@",
        "preprocessing/mean",
        "source/graph",
        "source/arrays/0/values",
        "parameters",
        "recipe@",
        "format_version@",
    ],
)
def test_missing_items_are_named(tmp_path: Path, item: str) -> None:
    path = tmp_path / "a.h5"
    save_network(path, small_file())
    group, _, name = item.rstrip("@").rpartition("/")
    with h5py.File(path, "a") as file:
        where = file[group] if group else file
        del (where.attrs if item.endswith("@") else where)[name]
    with pytest.raises(FileFormatError) as caught:
        load_network(path)
    assert f"a.h5: item /{item.rstrip('@')}" in str(caught.value)


def put(path: Path, item: str, value: Any) -> None:
    """Replace an attribute (name@) or a dataset."""
    group, _, name = item.rstrip("@").rpartition("/")
    with h5py.File(path, "a") as file:
        where = file[group] if group else file
        target = where.attrs if item.endswith("@") else where
        if name in target:
            del target[name]
        target[name] = value


@pytest.mark.parametrize(
    ("item", "value", "words"),
    [
        ("format@", np.bytes_("other"), "not a network of eventsnn"),
        ("format_version@", 3, "format 3, this eventsnn reads 1 to 2; upgrade"),
        ("recipe@", 3, "item /recipe: expected text, found"),
        ("ticks@", 1.5, "item /ticks: expected an integer"),
        ("parameters", 3.0, "item /parameters"),
        ("parameters", np.frombuffer(b"[1]", dtype=np.uint8), "expected a JSON object"),
        ("ann_macs", np.frombuffer(b"{", dtype=np.uint8), "item /ann_macs"),
        ("preprocessing/std", np.zeros(3), "item /preprocessing: .*std divides"),
        ("preprocessing/scale@", np.ones(2), "item /preprocessing: "),
        ("network/output@", np.bytes_("x"), "item /network: output `x` is not a layer"),
        ("network/layers/0/shape@", np.array([3]), "layers/0: layer `out`: threshold: shape"),
        ("network/inputs/0/shape@", np.array([4]), "item /network: layer `out`: link from `x`"),
        ("network/layers/0/shape@", 3, "shape: expected integers"),
        ("network/layers/0/bias@", np.nan, "item /network/layers/0: layer `out`: bias: 1 of 1"),
        ("network/layers/0/bias@", np.bytes_("a"), "bias: expected numbers"),
        ("network/layers/0/neuron/kind@", np.bytes_("cuba"), "kind: `cuba` is unknown; .* if, lif"),
        ("network/layers/0/neuron/threshold", np.zeros(2), "IF.threshold: expected positive"),
        ("network/layers/0/neuron/reset/kind@", np.bytes_("hard"), "`hard` is unknown"),
        ("network/layers/0/links/0/source@", np.bytes_("y"), "link from `y`, which does not exist"),
        ("network/layers/0/links/0/delay@", -1, "delay must be an int >= 0"),
        ("network/layers/0/links/0/chain/0/kind@", np.bytes_("d"), "chain/0/kind: `d` is unknown"),
        ("network/layers/0/links/0/chain/0/weight", np.ones(3), "chain/0: Linear.weight: expected"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, item: str, value: Any, words: str) -> None:
    path = tmp_path / "a.h5"
    save_network(path, small_file())
    put(path, item, value)
    with pytest.raises(FileFormatError, match=words) as caught:
        load_network(path)
    assert str(path) in str(caught.value)


def test_a_wrong_sparse_matrix_is_named(tmp_path: Path) -> None:
    path, item = tmp_path / "a.h5", "network/layers/0/links/0/chain/0"
    matrix = sp.csr_array(np.eye(3)[:2])
    layer = Layer("out", (2,), IF(), (Link("x", (Sparse(matrix),)),))
    save_network(path, NetworkFile(Network((Input("x", (3,)),), (layer,))))
    put(path, f"{item}/weight/columns", np.array([0, 3]))
    with pytest.raises(FileFormatError, match=f"item /{item}: "):
        load_network(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with pytest.raises(FileFormatError, match="no such file; expected a network made by `convert`"):
        load_network(path)
    path.write_text("hello")
    with pytest.raises(FileFormatError, match="damaged, or not an HDF5 file"):
        load_network(path)
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(3)
    with pytest.raises(FileFormatError, match=r"not a network of eventsnn \(it holds x\)"):
        load_network(path)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    save_network(path, small_file())
    before = path.read_bytes()
    texts = Source("{}", {"names": np.array(["a"])})
    with pytest.raises(FileFormatError, match=r"a\.h5: array `names` of the source has type <U1"):
        save_network(path, NetworkFile(small_file().network, source=texts))

    def write_half() -> None:
        with replacing(path) as partial:
            partial.write_text("half")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.h5"]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="is a folder"):
        save_network(tmp_path, small_file())
    with pytest.raises(FileNotFoundError, match=r"the folder .*missing does not exist"):
        save_network(tmp_path / "missing" / "a.h5", small_file())
    with pytest.raises(OSError, match="is not a regular file; nothing was written"):
        save_network("/dev/null", small_file())
    assert list(tmp_path.iterdir()) == []
