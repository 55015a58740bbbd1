"""The version, for the package, its files and the build."""

__all__ = ["__version__"]

__version__ = "0.1.0"
