"""A limit on processor time, so that one search for a proof does not hold up the others.

found = None
with limited(2.0):
    found = search()          # stays None if the two seconds were not enough
"""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType


class Expired(BaseException):
    """The time is up; not an ``Exception``, so that nothing on the way swallows it."""


_deadlines: list[float] = []


def _expire(number: int, frame: FrameType | None) -> None:
    raise Expired


class limited:
    """Seconds of processor time for the block, which is left in silence when they are used up.

    Blocks may be nested.  Without effect where there are no interval timers or outside the main thread.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.able = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()

    def __enter__(self) -> limited:
        if self.able:
            signal.signal(signal.SIGPROF, _expire)
            end = time.process_time() + self.seconds
            _deadlines.append(min(end, *_deadlines) if _deadlines else end)
            self._arm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not self.able:
            return False
        signal.setitimer(signal.ITIMER_PROF, 0)
        _deadlines.pop()
        now = time.process_time()
        outer_passed = bool(_deadlines) and now >= _deadlines[-1]
        if _deadlines and not outer_passed:
            self._arm()
        if kind is not None and issubclass(kind, Expired):
            return not outer_passed
        if outer_passed and kind is None:
            raise Expired
        return False

    @staticmethod
    def _arm() -> None:
        signal.setitimer(signal.ITIMER_PROF, max(_deadlines[-1] - time.process_time(), 0.001))
