"""Sends progress from a thread of its own, so that no report ever holds up or fails a run."""

import logging
import threading
import time

from hone.contract import ProgressReport
from hone.report.client import ReportClient, Superseded

log = logging.getLogger(__name__)

_DEFAULT_INTERVAL = 2.0
_LONGEST_INTERVAL = 60.0


class ProgressSender:
    """The newest report wins; the operator says how long to wait before the next."""

    def __init__(self, client: ReportClient, superseded_after: float = 60.0) -> None:
        self._client = client
        self._superseded_after = superseded_after
        self._newest: ProgressReport | None = None
        self._changed = threading.Condition()
        self._stopped = False
        self._superseded = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._thread.start()

    def __call__(self, report: ProgressReport) -> None:
        """Keep the report for the next send; raises Superseded once the operator has another run."""
        if self._superseded.is_set():
            raise Superseded
        with self._changed:
            self._newest = report
            self._changed.notify()

    def close(self) -> None:
        """Send what is left, once, and end the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(timeout=10.0)

    def _run(self) -> None:
        interval = _DEFAULT_INTERVAL
        refused_since: float | None = None
        while (report := self._next()) is not None:
            answer = self._client.progress(report)
            if answer.status == 200:
                interval, refused_since = answer.interval_seconds or _DEFAULT_INTERVAL, None
            else:
                log.info("A progress report was not taken: %s", answer.detail)
                interval = answer.retry_after or min(interval * 2, _LONGEST_INTERVAL)
                refused_since = (refused_since or time.monotonic()) if answer.status == 409 else None
                if refused_since is not None and time.monotonic() - refused_since >= self._superseded_after:
                    self._superseded.set()
                    return
                if refused_since is not None:
                    interval = min(interval, self._superseded_after / 4)
            with self._changed:
                self._changed.wait_for(lambda: self._stopped, timeout=min(interval, _LONGEST_INTERVAL))

    def _next(self) -> ProgressReport | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._newest is not None)
            report, self._newest = self._newest, None
            return report
