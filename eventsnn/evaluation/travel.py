"""How a task reaches the workers of any executor: once each, not with every chunk.

A task holds the whole network. In this process workers find it by its name; in other
processes of this machine, in a file that is written when the first call is pickled; on other
machines the first call comes back as `Missing`, and is sent again with the task inside.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import tempfile
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eventsnn.evaluation.part import Part
from eventsnn.evaluation.task import Task

__all__ = ["Call", "Missing", "Shipment"]

#: Tasks that a worker keeps, the latest ones.
_KEPT = 2
_tasks: OrderedDict[str, Task] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class Missing:
    """The answer of a worker that has no way to the task; says which worker."""

    worker: str


@dataclass(frozen=True)
class Call:
    """The task by its name; what an executor pickles and a worker calls.

    Args:
        name: of the task.
        payload: the task itself, pickled, for a worker that lacks it.
        shipment: where it comes from; stays in this process.
        path: of the file that holds the task, if there is one.
    """

    name: str
    payload: bytes | None = None
    shipment: Shipment | None = field(default=None, repr=False, compare=False)
    path: str = ""

    def __call__(self, *arguments: Any) -> Part | Missing:
        """Run the task, see `Task`."""
        task = self._task()
        if task is None:
            return Missing(f"{socket.gethostname()}:{os.getpid()}")
        return task(*arguments)

    def __getstate__(self) -> dict[str, Any]:
        path = self.shipment.path() if self.shipment is not None else self.path
        return {"name": self.name, "payload": self.payload, "shipment": None, "path": path}

    def _task(self) -> Task | None:
        with _lock:
            if self.name not in _tasks:
                data = self.payload
                if data is None and self.path:
                    with contextlib.suppress(OSError):
                        data = Path(self.path).read_bytes()
                if data is None:
                    return None
                _keep(self.name, pickle.loads(data))  # noqa: S301  # of the caller, as all tasks
            _tasks.move_to_end(self.name)
            return _tasks[self.name]


class Shipment:
    """A task under way; use as a context, which ends when no worker needs it any more."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._lock = threading.Lock()
        self._path: str | None = None
        self.call = Call(uuid.uuid4().hex, shipment=self)

    def __enter__(self) -> Self:
        with _lock:
            _keep(self.call.name, self._task)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with _lock:
            _tasks.pop(self.call.name, None)
        if self._path:
            Path(self._path).unlink(missing_ok=True)

    def path(self) -> str:
        """Of a file with the task, only for this user; empty where none can be written."""
        with self._lock:
            if self._path is None:
                self._path = _written(pickle.dumps(self._task))
            return self._path

    def with_task(self) -> Call:
        """A call that carries the task itself."""
        return replace(self.call, payload=pickle.dumps(self._task))


def _keep(name: str, task: Task) -> None:
    _tasks[name] = task
    while len(_tasks) > _KEPT:
        _tasks.popitem(last=False)


def _written(data: bytes) -> str:
    try:
        with tempfile.NamedTemporaryFile(prefix="eventsnn-", delete=False) as file:
            file.write(data)
    except OSError:
        return ""
    return file.name
