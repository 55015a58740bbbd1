"""What a figure was measured on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path


def machine(*packages: str) -> dict[str, str]:
    """Processor, cores, and the versions of Python and of packages."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "numba", *packages)}
    return {
        "cpu": next(names, platform.processor()),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
    } | versions
