"""Every error this package raises on purpose.

::

    EventsnnError
    ├── NetworkError (ValueError)        a description that means nothing
    │   ├── ShapeError                   shapes or parameters that do not fit
    │   └── CycleError                   a cycle of links without any delay
    ├── InputError (ValueError)          inputs, ticks or records that do not fit the network
    ├── DataError (ValueError)           a data set that cannot be read or does not fit
    ├── FileFormatError (ValueError)     a file that is not what it should be
    ├── JournalError (ValueError)        a journal of another evaluation, or one with gaps
    ├── ConversionError (ValueError)     an ANN that cannot become spikes as asked
    │   └── UnsupportedLayerError        the layer that cannot, by name
    └── MissingExtraError (ImportError)  an optional dependency is not installed

`ScaleWarning` (UserWarning) is no error: data whose range is far from that of the calibration.

Each also subclasses the built-in exception a caller would expect, so
``except ValueError`` works for people who never heard of this module. A message
says what was given, what was expected and what to do, and names the layer.
"""

from __future__ import annotations

__all__ = [
    "ConversionError",
    "CycleError",
    "DataError",
    "EventsnnError",
    "FileFormatError",
    "InputError",
    "JournalError",
    "MissingExtraError",
    "NetworkError",
    "ScaleWarning",
    "ShapeError",
    "UnsupportedLayerError",
]


class EventsnnError(Exception):
    """Base class of all errors raised on purpose by this package."""


class NetworkError(EventsnnError, ValueError):
    """A network description that has no meaning."""


class ShapeError(NetworkError):
    """Shapes, weights or parameters that do not fit together."""


class CycleError(NetworkError):
    """A cycle of links in which no link has a delay of at least one tick."""


class InputError(EventsnnError, ValueError):
    """Inputs, tick counts or records that do not fit the network."""


class DataError(EventsnnError, ValueError):
    """A data set that cannot be read or does not fit the network."""


class FileFormatError(EventsnnError, ValueError):
    """A file that is damaged or is not of the expected kind."""


class JournalError(EventsnnError, ValueError):
    """A journal that does not belong to the evaluation, or lacks a part of it."""


class ConversionError(EventsnnError, ValueError):
    """An ANN that cannot be converted as asked."""


class UnsupportedLayerError(ConversionError):
    """A layer of the ANN that has no spiking counterpart here."""


class ScaleWarning(UserWarning):
    """Data of another scale than those that the network was made with: likely a wrong answer."""


class MissingExtraError(EventsnnError, ImportError):
    """An optional dependency is needed; the message says how to install it."""
