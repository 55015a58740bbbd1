"""How an evaluation is run: where, kept by which journal, which part of it, until when."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eventsnn.cli.progress import EvaluationProgress

if TYPE_CHECKING:
    from eventsnn.evaluation.evaluate import Evaluation
    from eventsnn.evaluation.total import Standing

__all__ = ["Running", "running_options", "shard_of"]


@dataclass(frozen=True)
class Running:
    """Calls `eventsnn.evaluate` with what a command was told about running.

    Args:
        workers: threads; one per CPU for None.
        executor: name for `eventsnn.evaluation.executors.executor_by_name`, in place of threads.
        journal, shard: see `eventsnn.evaluate`.
        until: half of the 95 % interval of the accuracy at which it is enough; None runs all.
    """

    workers: int | None = None
    executor: str | None = None
    journal: Path | None = None
    shard: tuple[int, int] = (1, 1)
    until: float | None = None

    def __call__(self, *data: Any, **what: Any) -> Evaluation:
        """Evaluate, with progress on standard error; arguments as of `eventsnn.evaluate`."""
        from eventsnn.evaluation.evaluate import evaluate
        from eventsnn.evaluation.executors import executor_by_name
        from eventsnn.evaluation.interval import narrower_than

        enough = (lambda _: False) if self.until is None else narrower_than(self.until)
        with contextlib.ExitStack() as stack:
            executor = self.executor and stack.enter_context(executor_by_name(self.executor))
            shown = stack.enter_context(EvaluationProgress())

            def watch(standing: Standing) -> bool:
                shown.show(standing)
                return enough(standing)

            return evaluate(
                *data,
                workers=self.workers or _cpus(),
                executor=executor or None,
                journal=self.journal,
                shard=self.shard,
                watch=watch,
                order_seed=None if self.until is None else 0,
                **what,
            )


def shard_of(text: str) -> tuple[int, int]:
    """``3/8`` as (3, 8)."""
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise click.BadParameter(f"{text!r}: expected i/n such as 3/8, with i from 1 to n")
    return int(number), int(of)


def running_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that make a `Running`, of ``evaluate``."""
    options = (
        click.option(
            "--executor",
            metavar="NAME",
            help="threads:N, processes:N, dask:N or dask://HOST:PORT, in place of --workers.",
        ),
        click.option(
            "--journal",
            type=click.Path(file_okay=False, path_type=Path),
            help="Folder that keeps what is finished; the same command goes on where it ended.",
        ),
        click.option(
            "--shard",
            type=shard_of,
            metavar="I/N",
            default="1/1",
            help="Only part I of N of the samples; `merge` adds up the journals.",
        ),
        click.option(
            "--until",
            type=click.FloatRange(0, 50, min_open=True),
            metavar="POINTS",
            help="Draw samples until the 95 % interval of the accuracy is +- POINTS %.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
