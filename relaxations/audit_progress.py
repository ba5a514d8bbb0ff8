"""How far the passes of an audit are: a bar on a terminal, elsewhere a line every ten seconds; on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from relaxations.workers import Progress

#: What the passes over the labels and features are, in their order.
PASSES = ("labels", "first pass", "second pass")
#: Seconds between lines where there is no terminal; an audit that takes less says nothing.
INTERVAL = 10.0


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A :data:`relaxations.workers.Progress` to hand to the workers."""
    if not sys.stderr.isatty():
        yield plain_progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: list[Any] = []

        def advance(done: int, count: int) -> None:
            if done == 0:
                tasks.append(bar.add_task(_name(len(tasks)), total=count))
            bar.update(tasks[-1], completed=done)

        yield advance


def plain_progress() -> Progress:
    """Lines."""
    passes, told = 0, time.monotonic()

    def advance(done: int, count: int) -> None:
        nonlocal passes, told
        passes += done == 0
        if time.monotonic() - told >= INTERVAL:
            told = time.monotonic()
            print(f"{_name(passes - 1)}: {done} of {count} parts", file=sys.stderr, flush=True)

    return advance


def _name(number: int) -> str:
    return PASSES[min(number, len(PASSES) - 1)]
