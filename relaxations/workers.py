"""Map and reduce over numbered parts with a fixed tree: the same digits from any number of workers.

    leaf(0)  leaf(1)  leaf(2)  leaf(3)  leaf(4)
        merge            merge           │
                 merge                   │
                            merge

Floating-point addition is not associative, so the tree is a function of the number of parts alone: neighbours are
merged level by level and an odd one is carried up.  Who computes a leaf, when, and how often (a worker that dies
has its parts computed again by another) then has no influence on the result.  Linear algebra runs on one thread in
every leaf, since the number of its threads may change the last digit.  Machines of different kinds may still
differ in theirs: a cluster should be of one kind where digits are compared.
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

State = TypeVar("State")
Part = TypeVar("Part")

#: Called with (parts done, parts in all), first with 0 done; from any thread.
Progress = Callable[[int, int], None]


class Workers(Protocol):
    """Who computes."""

    def map_reduce(
        self,
        leaf: Callable[[Part], State],
        parts: Callable[[int], Part],
        count: int,
        merge: Callable[[State, State], State],
    ) -> State:
        """``merge`` over ``leaf(parts(i))``, i = 0 .. count − 1, by the tree of the module."""


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Threads:
    """Threads of this process; at most a few parts and one state a level are in memory at any time."""

    def __init__(self, count: int | None = None, progress: Progress | None = None) -> None:
        if count is not None and count < 1:
            raise ValueError(f"workers: {count}; expected at least 1")
        self.count = available_cores() if count is None else count
        self.progress = progress or _silent

    def map_reduce(
        self,
        leaf: Callable[[Part], State],
        parts: Callable[[int], Part],
        count: int,
        merge: Callable[[State, State], State],
    ) -> State:
        """See :class:`Workers`."""
        stack: list[tuple[int, State]] = []  # (leaves merged, state), as the digits of a binary counter
        done = 0
        self.progress(done, count)
        with one_thread_each(), ThreadPoolExecutor(self.count) as pool:
            waiting: deque[Future[State]] = deque()
            for i in range(count + self.count):
                if i < count:
                    waiting.append(pool.submit(leaf, parts(i)))
                if i >= self.count or i >= count:
                    if not waiting:
                        break
                    size, state = 1, waiting.popleft().result()
                    done += 1
                    self.progress(done, count)
                    while stack and stack[-1][0] == size:
                        below, earlier = stack.pop()
                        size, state = size + below, merge(earlier, state)
                    stack.append((size, state))
        _, state = stack.pop()
        while stack:
            state = merge(stack.pop()[1], state)
        return state


class Dask:
    """Workers of a Dask client: threads or processes here, or a cluster by its address.

    What a worker that dies had done is computed again by Dask (which gives a part up after killing three workers).
    """

    def __init__(self, client: Any, progress: Progress | None = None) -> None:
        self.client = client
        self.progress = progress or _silent

    def map_reduce(
        self,
        leaf: Callable[[Part], State],
        parts: Callable[[int], Part],
        count: int,
        merge: Callable[[State, State], State],
    ) -> State:
        """See :class:`Workers`."""
        submit = self.client.submit
        with one_thread_each():
            level = [submit(_quiet, leaf, parts(i), pure=False) for i in range(count)]
            self._watch(level, count)
            while len(level) > 1:
                pairs = zip(level[0::2], level[1::2], strict=False)
                merged = [submit(_quiet, merge, a, b, pure=False) for a, b in pairs]
                level = merged + level[2 * len(merged) :]
            state: State = level[0].result()
        return state

    def _watch(self, leaves: list[Any], count: int) -> None:
        """Report leaves as they are done."""
        if self.progress is _silent:
            return
        self.progress(0, count)
        finished = itertools.count(1)
        for leaf in leaves:
            leaf.add_done_callback(lambda _: self.progress(next(finished), count))


def _silent(done: int, count: int) -> None:
    """No report."""


@contextmanager
def workers_named(
    scheduler: str | None, count: int | None = None, progress: Progress | None = None
) -> Iterator[Workers]:
    """Workers by name: ``None`` threads of this process without Dask; ``"threads"`` or ``"processes"`` Dask on this
    machine; an address such as ``tcp://host:8786`` a running Dask scheduler.  ``progress`` is told of every part.

    Raises ``ValueError`` for another name or a scheduler that does not answer, ``ImportError`` with the remedy
    where Dask is not installed.
    """
    if scheduler is None:
        yield Threads(count, progress)
        return
    with dask_client(scheduler, count) as client:
        yield Dask(client, progress)


@contextmanager
def dask_client(scheduler: str, count: int | None = None) -> Iterator[Any]:
    """A Dask client, and the local cluster behind it if there is one; see :func:`workers_named`."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise ImportError("--scheduler needs Dask: pip install 'multitask-collapse[dask]'") from None
    if count is not None and count < 1:
        raise ValueError(f"workers: {count}; expected at least 1")
    if scheduler in ("threads", "processes"):
        many = available_cores() if count is None else count
        processes = scheduler == "processes"
        with (
            LocalCluster(
                n_workers=many if processes else 1,
                threads_per_worker=1 if processes else many,
                processes=processes,
                dashboard_address=None,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    if "://" not in scheduler:
        raise ValueError(f"scheduler: {scheduler!r}; expected threads, processes or an address like tcp://host:8786")
    try:
        client = Client(scheduler, timeout=20)
    except (OSError, ValueError) as error:
        raise ValueError(f"scheduler: {scheduler} does not answer ({type(error).__name__}); is it running?") from None
    with client:
        yield client


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Linear algebra on one thread."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


def _quiet(function: Callable[..., State], *arguments: Any) -> State:
    """``function`` with linear algebra on one thread, for good: other parts may run in this process beside it."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)
    return function(*arguments)
