"""Networks on disk, in HDF5; `eventsnn.hdf5.network_file` has the layout."""

from eventsnn.hdf5.digest import network_digest
from eventsnn.hdf5.integer_format import IntegerFormat
from eventsnn.hdf5.network_file import (
    NetworkFile,
    Source,
    load_network,
    save_network,
)

__all__ = [
    "IntegerFormat",
    "NetworkFile",
    "Source",
    "load_network",
    "network_digest",
    "save_network",
]
