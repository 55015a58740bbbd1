import json
import pickle
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from converters import (
    Ann,
    Node,
    ann_to_source,
    architectures,
    forward,
    load_ann,
    macs,
    ops,
    save_ann,
)
from converters.intake.architectures import architecture
from converters.testing import anns
from eventsnn import ConversionError, FileFormatError, MissingExtraError, NetworkError


def small():
    return Ann((3,), (Node("fc", ops.Linear(np.ones((2, 3), np.float32), np.zeros(2))),))


@pytest.fixture
def graph_file(tmp_path):
    path = tmp_path / "graph.json"
    path.write_text(ann_to_source(small())[0], encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("networks")


@given(ann=anns())
def test_round_trip(folder, ann):
    save_ann(folder / "ann.npz", ann, {"license": "CC0"})
    assert load_ann(folder / "ann.npz") == ann
    with np.load(folder / "ann.npz") as file:
        assert json.loads(str(file["about"])) == {"license": "CC0"}


def test_the_graph_may_be_bytes(tmp_path):
    graph, arrays = ann_to_source(small())
    np.savez(tmp_path / "x.npz", graph=np.frombuffer(graph.encode(), np.uint8), **arrays)
    assert load_ann(tmp_path / "x.npz") == small()


def test_bare_weights_with_a_graph_file(tmp_path, graph_file):
    np.savez(tmp_path / "x.npz", **ann_to_source(small())[1])
    assert load_ann(tmp_path / "x.npz", str(graph_file)) == small()


def test_data_parallel_prefixes_and_batch_counters_are_no_obstacle(tmp_path, graph_file):
    arrays = {f"module.{key}": values for key, values in ann_to_source(small())[1].items()}
    arrays["module.bn.num_batches_tracked"] = np.array(7)
    np.savez(tmp_path / "x.npz", **arrays)
    assert load_ann(tmp_path / "x.npz", str(graph_file)) == small()


def write(path, **arrays):
    np.savez(path, **arrays)


def with_graph(graph):
    return {"graph": np.asarray(graph), "fc.weight": np.ones((2, 3)), "fc.bias": np.ones(2)}


NAN = {"fc.weight": np.full((2, 3), np.nan), "fc.bias": np.ones(2)}
BARE = {"fc.weight": np.ones((2, 3)), "fc.bias": np.ones(2)}
GRAPH = "the graph file"

BAD_FILES = [
    (BARE, None, ConversionError, "x.npz: .*without a graph; .*json, or one of resnet20-cifar"),
    (BARE, "vgg", ConversionError, "x.npz as vgg: unknown architecture 'vgg'; known are resnet20"),
    (BARE, "resnet22-cifar", ConversionError, "unknown architecture 'resnet22-cifar'"),
    (BARE, "resnet2-cifar", ConversionError, "unknown architecture 'resnet2-cifar'"),
    (BARE, "resnet20-cifar", FileFormatError, "missing: bn1.bias,.*not in the graph: fc.bias"),
    (NAN, GRAPH, FileFormatError, "x.npz as .*graph.json: `fc.weight`: 6 of 6 values are NaN"),
    ({**BARE, "x": np.ones(2)}, GRAPH, FileFormatError, "not in the graph: x"),
    ({**BARE, "module.x": np.ones(2)}, GRAPH, FileFormatError, "not in the graph: module.x"),
    ({"fc.bias": np.ones(2)}, GRAPH, FileFormatError, "missing: fc.weight"),
    ({**BARE, "fc.weight": np.ones((3, 2))}, GRAPH, FileFormatError, r"found \(3, 2\)"),
    (with_graph("{}"), "resnet20-cifar", ConversionError, "describes its own network"),
    (with_graph("{}"), None, FileFormatError, "x.npz: the graph: expected .*found None, None"),
    (with_graph("{"), None, FileFormatError, "x.npz: the graph is not JSON"),
    (with_graph(1.5), None, FileFormatError, "key `graph`: expected JSON text.*found float64"),
    (with_graph([b"{}"]), None, FileFormatError, "key `graph`: expected JSON text.*found .S2"),
    (with_graph(np.array([255], np.uint8)), None, FileFormatError, "key `graph`: .*utf-8"),
]


@pytest.mark.parametrize(("arrays", "arch", "kind", "message"), BAD_FILES)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, graph_file, arrays, arch, kind, message):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(kind, match=message):
        load_ann(tmp_path / "x.npz", str(graph_file) if arch == GRAPH else arch)


def test_a_graph_without_meaning_names_the_file(tmp_path):
    graph = json.loads(ann_to_source(small())[0])
    graph["nodes"][0]["inputs"] = ["elsewhere"]
    np.savez(tmp_path / "x.npz", **with_graph(json.dumps(graph)))
    with pytest.raises(NetworkError, match=r"x.npz: node `fc`: its inputs"):
        load_ann(tmp_path / "x.npz")


def test_a_graph_file_that_is_no_text_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", **BARE)
    (tmp_path / "g.json").write_bytes(b"\xff\xfe")
    with pytest.raises(FileFormatError, match=r"g.json: .*utf-8"):
        load_ann(tmp_path / "x.npz", str(tmp_path / "g.json"))


@pytest.mark.parametrize("name", ["weights.pt", "weights.PTH", "weights.ckpt"])
def test_pickles_are_refused_unread(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(FileFormatError, match=r"a pickle can run any code.*\n\nimport numpy"):
        load_ann(tmp_path / name)


@pytest.mark.torch
@pytest.mark.parametrize("wrapped", [False, True])
def test_the_advice_for_a_pickle_works(tmp_path, graph_file, wrapped):
    torch = pytest.importorskip("torch")
    state = {name: torch.from_numpy(v.copy()) for name, v in ann_to_source(small())[1].items()}
    torch.save({"epoch": 3, "state_dict": state} if wrapped else state, tmp_path / "x.pth")
    with pytest.raises(FileFormatError) as caught:
        load_ann(tmp_path / "x.pth")
    advice = str(caught.value).split("\n\n")[1]
    exec(advice, {})
    assert load_ann(tmp_path / "x.npz", str(graph_file)) == small()


@pytest.mark.torch
def test_a_pickle_by_another_name_is_refused(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save({"fc.weight": torch.ones(2)}, tmp_path / "x.npz")
    with pytest.raises(FileFormatError, match=r"a pickle can run any code"):
        load_ann(tmp_path / "x.npz", "resnet20-cifar")


def layers_with_weights(graph):
    return [node for node in graph["nodes"] if node["op"] in {"Conv2d", "Linear"}]


def test_architectures_have_their_depth_and_tell_sizes_from_the_weights():
    arrays = {
        "conv1.weight": np.ones((16, 1, 7, 7)),
        "features.0.weight": np.ones((64, 1, 3, 3)),
        "linear.weight": np.ones((100, 64)),
        "fc.weight": np.ones((100, 512)),
        "classifier.0.weight": np.ones((30, 512)),
        "classifier.2.weight": np.ones((20, 30)),
        "classifier.10.weight": np.ones((100, 20)),
    }
    for name in architectures():
        graph = json.loads(architecture(name, arrays))
        weighted = layers_with_weights(graph)
        found = [node for node in weighted if "downsample" not in node["name"]]
        assert len(found) == int(re.search(r"\d+", name)[0])
        pixels = 32 if "cifar" in name else 224
        assert graph["input_shape"] == [1, pixels, pixels]
        assert weighted[-1]["out_features"] == 100
        norms = sum(node["op"] == "BatchNorm" for node in graph["nodes"])
        convs = sum(node["op"] == "Conv2d" for node in graph["nodes"])
        assert norms == (convs if "resnet" in name or "_bn" in name else 0)


@pytest.mark.parametrize(
    ("keys", "head"),
    [
        ((), ["classifier"]),
        (("classifier.weight",), ["classifier"]),
        (("classifier.6.weight", "classifier.1.weight"), ["classifier.1", "classifier.6"]),
    ],
)
def test_the_head_of_a_cifar_vgg_is_read_off_its_keys(keys, head):
    graph = json.loads(architecture("vgg11-cifar", dict.fromkeys(keys, np.ones((10, 512)))))
    found = [node["name"] for node in layers_with_weights(graph)]
    assert found[8:] == head


@pytest.mark.torch
@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("hidden", [(), (40, 20)])
def test_a_cifar_vgg_by_name_is_pytorchs(tmp_path, norm, hidden):
    torch = pytest.importorskip("torch")
    import torch_models as models

    model = models.trained(models.CifarVgg("vgg13", norm=norm, hidden=hidden))
    np.savez(tmp_path / "x.npz", **{k: v.numpy() for k, v in model.state_dict().items()})
    ann = load_ann(tmp_path / "x.npz", "vgg13_bn-cifar" if norm else "vgg13-cifar")
    x = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        np.testing.assert_allclose(forward(ann, x), model(x), rtol=1e-4, atol=1e-4)


def test_the_weight_of_a_1d_convolution_may_have_three_dimensions(tmp_path):
    graph = {
        "format": "eventsnn-ann",
        "version": 1,
        "input_shape": [2, 1, 5],
        "output": "c",
        "nodes": [
            {
                "name": "c",
                "op": "Conv2d",
                "inputs": ["input"],
                "out_channels": 3,
                "kernel_size": [1, 2],
                "bias": False,
            }
        ],
    }
    (tmp_path / "g.json").write_text(json.dumps(graph), encoding="utf-8")
    np.savez(tmp_path / "x.npz", **{"c.weight": np.ones((3, 2, 2))})
    assert load_ann(tmp_path / "x.npz", str(tmp_path / "g.json")).shapes["c"] == (3, 1, 4)


def test_safetensors_are_read_as_bare_weights(tmp_path, graph_file):
    safetensors = pytest.importorskip("safetensors.numpy")
    safetensors.save_file(ann_to_source(small())[1], tmp_path / "x.safetensors")
    assert load_ann(tmp_path / "x.safetensors", str(graph_file)) == small()
    whole = (tmp_path / "x.safetensors").read_bytes()
    for damaged in (b"", b"{}", whole[:-4], b"\xff" * 8 + whole[8:]):
        (tmp_path / "x.safetensors").write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"x.safetensors: .*expected safetensors"):
            load_ann(tmp_path / "x.safetensors", str(graph_file))


def test_safetensors_without_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    (tmp_path / "x.safetensors").write_bytes(b"")
    with pytest.raises(MissingExtraError, match=r'pip install "eventsnn\[safetensors\]"'):
        load_ann(tmp_path / "x.safetensors")


@pytest.mark.data
@pytest.mark.parametrize(("depth", "parameters"), [(20, 269_722), (56, 853_018)])
def test_published_resnets_load(data_dir, depth, parameters):
    """Parameter counts as published by akamaster/pytorch_resnet_cifar10 (0.27 M, 0.85 M)."""
    ann = load_ann(data_dir / f"resnet{depth}_cifar10.npz", f"resnet{depth}-cifar")
    arrays = ann_to_source(ann)[1]
    trained = [values.size for key, values in arrays.items() if "running" not in key]
    assert sum(trained) == parameters
    assert len(macs(ann)) == depth


@pytest.mark.data
def test_a_misshaped_key_of_a_resnet_is_named(data_dir, tmp_path):
    with np.load(data_dir / "resnet20_cifar10.npz") as file:
        arrays = {name: file[name] for name in file.files}
    arrays["layer2.0.conv1.weight"] = arrays["layer2.0.conv1.weight"][:, :8]
    np.savez(tmp_path / "x.npz", **arrays)
    message = r"`layer2.0.conv1.weight`: expected shape \(32, 16, 3, 3\), found \(32, 8, 3, 3\)"
    with pytest.raises(FileFormatError, match=message):
        load_ann(tmp_path / "x.npz", "resnet20-cifar")


@pytest.mark.data
def test_a_net_with_max_pooling_reads_with_a_hand_written_graph(data_dir):
    graph = Path(__file__).parents[3] / "docs" / "graphs" / "maxpool_cnn.json"
    ann = load_ann(data_dir / "maxpool_cnn_cifar10.npz", str(graph))
    with np.load(data_dir / "cifar10_test_958.npz") as file:
        x, y = (file["x"] / 255 - 0.5) / 0.5, file["y"]
    assert 0.63 < np.mean(forward(ann, x).argmax(axis=1) == y) < 0.69


@pytest.mark.parametrize("name", ["resnet20.th", "model_best.pth.tar", "weights", "weights.npz"])
@pytest.mark.parametrize("layout", ["zip", "old"])
def test_pickles_are_known_by_their_first_bytes(tmp_path, name, layout):
    path = tmp_path / name
    if layout == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps({}, 2))
            archive.writestr("archive/version", "3\n")
    else:
        path.write_bytes(pickle.dumps(119547037146038801333356, 2))
    with pytest.raises(FileFormatError, match=r"a pickle can run any code.*\n\nimport numpy"):
        load_ann(path)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "_orig_mod.module.", "a.b."])
def test_prefixes_that_all_keys_share(tmp_path, graph_file, prefix):
    arrays = ann_to_source(small())[1]
    np.savez(tmp_path / "p.npz", **{prefix + key: values for key, values in arrays.items()})
    assert load_ann(tmp_path / "p.npz", str(graph_file)) == small()


def test_prefixes_that_do_not_help_are_named(tmp_path, graph_file):
    np.savez(tmp_path / "p.npz", **{"module.conv.weight": np.ones(2), "module.fc.bias": np.ones(2)})
    with pytest.raises(FileFormatError, match=r"all keys begin with `module.`, a wrapper's"):
        load_ann(tmp_path / "p.npz", str(graph_file))


def test_swapped_arguments_are_told(tmp_path):
    (tmp_path / "net.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    (tmp_path / "graph.json").write_text('{"format": "eventsnn-ann"}')
    with pytest.raises(FileFormatError, match="spiking network already"):
        load_ann(tmp_path / "net.h5")
    with pytest.raises(FileFormatError, match="the graph as arch"):
        load_ann(tmp_path / "graph.json")
