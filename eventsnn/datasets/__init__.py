"""Data sets on disk -> images or event streams, with their labels."""

from eventsnn.datasets.dataset import DataSet
from eventsnn.datasets.load import load_data

__all__ = ["DataSet", "load_data"]
