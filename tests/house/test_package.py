"""House rules that run: the public surface, the compiler flags, the content of the wheel."""

from __future__ import annotations

import ast
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import converters
import eventsnn

#: Modules of the simulator, no names for users, that the converters use too.
SHARED = (
    "eventsnn.datasets.batches",
    "eventsnn.files.npz",
    "eventsnn.hdf5",
    "eventsnn.matrix_product",
    "eventsnn.windows",
)
ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "eventsnn").rglob("*.py"), *(ROOT / "converters").rglob("*.py")])


@pytest.mark.parametrize("package", [eventsnn, converters])
def test_every_public_name_exists_and_is_documented(package):
    assert sorted(package.__all__) == sorted(set(package.__all__))
    for name in package.__all__:
        member = getattr(package, name)
        alias = typing.get_origin(member) is not None  # its members say it all
        assert alias or member.__doc__, f"{name} has no docstring"


def test_version_is_the_installed_one():
    from importlib.metadata import version

    assert version("eventsnn") == eventsnn.__version__


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_house_rules(path):
    text = path.read_text()
    relative = path.relative_to(ROOT)
    assert len(text.splitlines()) <= 400
    if "kernels" not in relative.parts:
        assert "njit" not in text
        assert "import numba" not in text
    # the vector type is one of Numba's, and there are no others
    if "kernels" in relative.parts and relative.name not in {"jit.py", "cache.py", "lanes_llvm.py"}:
        assert "numba" not in text.replace("Numba", "")
    assert "allow_pickle=True" not in text
    assert ast.get_docstring(ast.parse(text)) is not None


def test_every_kernel_function_is_compiled():
    """What Python imports has a wrapper for it; without one, a call ends the process."""
    others = [
        path
        for folder in ("eventsnn", "converters", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if "kernels" not in path.parts
    ]
    called_by_python = {
        (node.module.removeprefix("eventsnn.kernels."), alias.name)
        for path in others
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and "eventsnn.kernels" in node.module
        for alias in node.names
    }
    for path in (ROOT / "eventsnn" / "kernels").glob("*.py"):
        plain = path.name in ("jit.py", "cache.py", "tables.py", "__init__.py")
        if plain or path.stem.startswith("lanes"):
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                decorators = [ast.unparse(d) for d in node.decorator_list]
                wanted = "entry_point" if (path.stem, node.name) in called_by_python else "jit"
                assert decorators == [wanted], f"{path.name}: {node.name}"


def top_level_names(module):
    """What a module of ours defines or imports, without running it; it may need PyTorch."""
    path = ROOT.joinpath(*module.split("."))
    names = {child.stem for child in path.glob("*")}
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.parse(source.read_text()).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {alias.asname or alias.name for alias in aliases}
            case ast.Assign(targets=targets):
                names |= {n.id for target in targets for n in ast.walk(target) if "id" in n._fields}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return names


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda p: p.stem)
def test_benchmarks_import_what_is_there(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        if node.module.split(".")[0] in ("eventsnn", "converters"):
            asked = {alias.name for alias in node.names}
            assert asked <= top_level_names(node.module), f"from {node.module} import ..."


def test_converters_import_public_names_only():
    for path in (ROOT / "converters").rglob("*.py"):
        allowed = {*eventsnn.__all__}
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("eventsnn"):
                if "testing" in path.parts and node.module.startswith("eventsnn.testing"):
                    assert node.module.removesuffix(".properties") == "eventsnn.testing"
                    continue
                if node.module in SHARED:  # shared
                    continue
                assert node.module == "eventsnn", f"{path}: from {node.module} import ..."
                for alias in node.names:
                    assert alias.name in allowed, f"{path}: {alias.name}"


def test_pytorch_is_imported_where_networks_are_exported_trained_or_compared_only():
    allowed = {
        ROOT / "converters" / "intake" / "export_torch.py",
        ROOT / "converters" / "testing" / "torch_models.py",
    }
    for folder in ("training", "peers", "intake/pytorch"):
        allowed |= {*(ROOT / "converters" / folder).rglob("*.py")}
    for path in {*SOURCES} - allowed:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                needs_it = (
                    "torch",
                    "converters.training",
                    "converters.peers",
                    "converters.intake.export_torch",
                )
                assert not f"{name}.".startswith(tuple(f"{n}." for n in needs_it)), path


def test_training_without_pytorch_names_the_extra():
    code = "import sys; sys.modules['torch'] = None; import converters.training.fit"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert 'MissingExtraError: training needs PyTorch: python -m pip install "eventsnn[torch]"' in (
        done.stderr
    )


def test_import_needs_no_optional_package():
    """Neither torch nor the test tools nor the plots are imported by the packages."""
    optional = {"torch", "hypothesis", "matplotlib", "sklearn", "nir"}
    code = f"import sys, eventsnn, converters; print(sorted(sys.modules.keys() & {optional}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
