"""Files over HTTP: fetched in several tries, each of which goes on where the one before was cut off."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx

from hone.errors import RunError, first_line

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 60.0
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_TRIES = 5
_WAIT_SECONDS = 1.0
_CHUNK = 1 << 20


class Sink:
    """A file that what is fetched is appended to, and the digest of what it holds by now."""

    def __init__(self, path: Path, *, algorithm: str = "sha256", limit: int | None = None) -> None:
        """Go on with the file, if it is there; of a file with a `limit` in bytes, little more is written."""
        self._path, self._algorithm, self._limit = path, algorithm, limit
        self._hash, self.size = hashlib.new(algorithm), 0
        if path.exists():
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    self._count(chunk)

    @property
    def digest(self) -> str:
        """As it is written: `sha256:…`."""
        return f"{self._algorithm}:{self._hash.hexdigest()}"

    @property
    def is_full(self) -> bool:
        """Whether it is known to lack nothing."""
        return self.size > 0 and self.size == self._limit

    def restart(self) -> None:
        """Forget what it holds."""
        self._path.unlink(missing_ok=True)
        self._hash, self.size = hashlib.new(self._algorithm), 0

    def append(self, chunks: Iterable[bytes]) -> None:
        """Write and count."""
        with self._path.open("ab") as out:
            for chunk in chunks:
                out.write(chunk)
                self._count(chunk)
                if self._limit is not None and self.size > self._limit:
                    return

    def _count(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.size += len(chunk)


def in_tries(shown: str, attempt: Callable[[], str], sleep: Callable[[float], None] = time.sleep) -> None:
    """Call until nothing is returned; what is returned says why another try may help.

    Raises:
        RunError: Internal after the last try.
    """
    trouble = ""
    for tried in range(_TRIES):
        if tried:
            log.warning("%s: %s; trying again", shown, trouble)
            sleep(_WAIT_SECONDS * 2 ** (tried - 1))
        try:
            trouble = attempt()
        except httpx.RequestError as error:
            trouble = first_line(error)
        if not trouble:
            return
    raise RunError("Internal", f"{shown} could not be fetched in {_TRIES} tries: {trouble}.")


def busy(response: httpx.Response) -> str:
    """Why another try may help, if the answer says so."""
    return f"the server answers {response.status_code}" if response.status_code in _RETRIED else ""


def continued(client: httpx.Client, url: str, sink: Sink, check: Callable[[httpx.Response], None]) -> str:
    """Fetch what is missing of a file; return why another try may help, or nothing if it is whole.

    `check` raises for an answer that no other try would change.
    """
    if sink.is_full:
        return ""
    # What is compressed on the way could not be continued, nor has it the file's digest.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={sink.size}-"} if sink.size else {})
    with client.stream("GET", url, headers=headers) as response:
        if sink.size and response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            sink.restart()
            return "the file is shorter than what was fetched of it"
        if trouble := busy(response):
            return trouble
        check(response)
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            sink.restart()
        sink.append(response.iter_raw())
    return ""
