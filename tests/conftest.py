"""Where real data lies, and which hypothesis profile runs."""

from __future__ import annotations

import importlib
import os
import pkgutil
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from profiles import OF_REAL_SIZE

# Numba forgets what one of two processes has compiled if both write to one folder
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    folder = Path(__file__).parents[1] / ".pytest_cache" / f"kernels-{worker}"
    os.environ["NUMBA_CACHE_DIR"] = str(folder)

# hypothesis draws constants of the modules that are loaded: so that draws do not depend on what
# ran before in the same process, all are, but those that need another framework
OPTIONAL = (
    "converters.intake.export_torch",
    "converters.intake.pytorch",
    "converters.peers",
    "converters.testing.torch_models",
    "converters.training",
)
for package in map(importlib.import_module, ("converters", "eventsnn")):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.startswith(OPTIONAL) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)

# a counterexample is printed as code beside it; thousands of weights would bury the reason
np.set_printoptions(threshold=20)

# what a newcomer waits for; CI draws three times as many, see ``.ci/run``
settings.register_profile(
    "default", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "ci", deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "deep", deadline=None, max_examples=20_000, suppress_health_check=[HealthCheck.too_slow]
)
# for planted faults: whether they are caught is the question, and it is no matter of luck;
# the same draws each time, none of them shrunk
settings.register_profile(
    "planted",
    deadline=None,
    max_examples=300,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "planted-shrunk",
    deadline=None,
    max_examples=300,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
# without a fault: whether the copy works at all
settings.register_profile(
    "planted-few", settings.get_profile("planted"), max_examples=30, derandomize=True
)
# without the compiler, which is some hundred times slower and the only way to see branches
settings.register_profile(
    "uncompiled", settings.get_profile("default"), max_examples=25, derandomize=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder named by EVENTSNN_DATA, or ../shared/data beside the checkout."""
    if numba.config.DISABLE_JIT:
        pytest.skip(OF_REAL_SIZE)
    named = os.environ.get("EVENTSNN_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real data: set EVENTSNN_DATA to the folder that holds it")
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights, data and a network for the command line, see `cli_tools`."""
    from cli_tools import make_files

    folder = tmp_path_factory.mktemp("made")
    make_files(folder)
    return folder
