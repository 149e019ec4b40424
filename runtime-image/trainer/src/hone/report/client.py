"""The operator's report endpoint, as one pod sees it."""

import logging
import random
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from hone.contract import ProgressReport, RunResult
from hone.contract.job import Report
from hone.errors import RunError

log = logging.getLogger(__name__)

_RETRIED = frozenset({429, 502, 503, 504})
#: A token may just be renewed, and a Job is a moment older than the status that names it: worth another try or two.
_RETRIED_BRIEFLY = frozenset({401, 403, 404, 409})


class Superseded(Exception):  # noqa: N818 - an outcome rather than an error
    """The operator has another run for this resource; this one stops, and that is no failure."""


@dataclass(frozen=True)
class Patience:
    """How long a result is offered, in seconds: to an operator that is away, and to one that refuses it."""

    away: float = 600.0
    refused: float = 60.0
    first_wait: float = 0.5
    longest_wait: float = 20.0


@dataclass(frozen=True)
class Answer:
    """What the operator said; status 0 means that it could not be reached."""

    status: int
    interval_seconds: float | None = None
    retry_after: float | None = None
    detail: str = ""


class ReportClient:
    """Posts documents. The token is read before each call, for the kubelet renews it; so is the CA."""

    def __init__(
        self,
        report: Report,
        patience: Patience = Patience(),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._report = report
        self._patience = patience
        self._sleep = sleep
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def progress(self, report: ProgressReport, timeout: float = 5.0) -> Answer:
        """Post one progress report, once."""
        return self._post("progress", report.to_json(), timeout)

    def result(self, result: RunResult) -> None:
        """Post the result until it is acknowledged; raises Superseded or RunError where that is in vain."""
        content = result.to_json()
        started = time.monotonic()
        refused_since: float | None = None
        wait = self._patience.first_wait
        while True:
            answer = self._post("result", content, timeout=30.0)
            now = time.monotonic()
            if answer.status == 200:
                return
            refused_since = (refused_since or now) if answer.status in _RETRIED_BRIEFLY else None
            if refused_since is not None and now - refused_since >= self._patience.refused:
                if answer.status == 409:
                    raise Superseded
                raise self._rejected(answer)
            if answer.status not in _RETRIED | _RETRIED_BRIEFLY | {0, 500}:
                raise self._rejected(answer)
            if now - started >= self._patience.away:
                raise RunError(
                    "Internal",
                    f"The operator at {self._report.url} did not take the result for {self._patience.away:.0f} s "
                    f"({answer.detail or answer.status}); the artifact is complete, and the next try reports it again.",
                )
            pause = answer.retry_after if answer.retry_after is not None else wait * random.uniform(0.8, 1.2)  # noqa: S311
            log.warning("The result is not acknowledged yet (%s); next try in %.1f s", answer.detail, pause)
            self._sleep(min(pause, max(self._patience.away - (now - started), 0.0)))
            wait = min(wait * 2, self._patience.longest_wait)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _post(self, path: str, content: bytes, timeout: float) -> Answer:
        try:
            response = self._connection().post(
                f"{self._report.url.rstrip('/')}/{path}",
                content=content,
                headers={"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"},
                timeout=timeout,
            )
        except (httpx.HTTPError, OSError, ssl.SSLError) as error:
            # The next call makes a new connection, and with it reads the CA again.
            self.close()
            return Answer(0, detail=f"{type(error).__name__}: {error}")
        return _answer(response)

    def _connection(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                context = ssl.create_default_context(cafile=self._report.ca_file)
                self._client = httpx.Client(verify=context, trust_env=False)
            return self._client

    def _token(self) -> str:
        return Path(self._report.token_file).read_text(encoding="ascii").strip()

    def _rejected(self, answer: Answer) -> RunError:
        return RunError(
            "ReportRejected",
            f"The operator at {self._report.url} refused the result with {answer.detail}; see the operator's log, and "
            "whether pod, token and resource belong together.",
        )


def _answer(response: httpx.Response) -> Answer:
    detail = f"{response.status_code} {response.reason_phrase}"
    interval = None
    try:
        body = response.json()
        if isinstance(body, dict):
            value = body.get("intervalSeconds")
            interval = float(value) if isinstance(value, int | float) and value > 0 else None
            message = body.get("message")
            detail += f": {message}" if isinstance(message, str) else ""
    except ValueError:
        pass
    try:
        retry_after = max(float(response.headers["Retry-After"]), 0.0)
    except (KeyError, ValueError):
        retry_after = None
    return Answer(response.status_code, interval, retry_after, detail)
