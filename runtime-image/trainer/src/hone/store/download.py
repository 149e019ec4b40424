"""Sources at `https://`: fetched once per pod, whole or not at all, and only with the digest that the spec gives."""

import logging
import os
import shutil
import ssl
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx

from hone.contract.failure import Reason
from hone.errors import RunError, first_line
from hone.store.digest import sha256_file
from hone.store.turn import turn_in

log = logging.getLogger(__name__)

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_TRIES = 5
_WAIT_SECONDS = 1.0
_TIMEOUT_SECONDS = 60.0


class Downloads:
    """Fetches files into a folder, each below its digest; the processes of a pod fetch one file once."""

    def __init__(
        self, folder: Path, verify: ssl.SSLContext | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._folder = folder
        self._verify = verify
        self._sleep = sleep

    @classmethod
    def from_environment(cls) -> "Downloads":
        """Below the run's workspace; certificate authorities are those of SSL_CERT_FILE, or the image's own."""
        return cls(Path(os.environ.get("HONE_WORKSPACE") or tempfile.gettempdir()) / "downloads")

    @property
    def folder(self) -> Path:
        """Where everything goes that is fetched."""
        return self._folder

    def fetch(self, uri: str, digest: str | None, missing: Reason) -> Path:
        """Return the file, or the folder if it is a tar archive.

        Raises:
            RunError: ConfigInvalid without a digest, `missing` if nothing is there, ArtifactCorrupt with another
                content, Internal (which is tried again) if the server does not answer.
        """
        parts = urlsplit(uri)
        shown = f"https://{parts.hostname}{parts.path}"
        if parts.username is not None or parts.password is not None:
            raise RunError("ConfigInvalid", f"{shown} holds a user name or password; take it out of the address.")
        if digest is None:
            raise RunError(
                "ConfigInvalid",
                f"{shown} can change at any time; write its digest beside the uri (sha256sum FILE, as sha256:…).",
            )
        name = unquote(PurePosixPath(parts.path).name)
        if not name or "/" in name or name.startswith("."):
            raise RunError("ConfigInvalid", f"{shown} ends in no file's name; name a file.")
        folder = self._folder / digest.removeprefix("sha256:")
        with turn_in(folder):
            file = folder / name
            if not file.exists():
                part = folder / ".part"
                self._download(uri, shown, part, missing)
                found = "sha256:" + sha256_file(part)
                if found != digest:
                    part.unlink()
                    raise RunError(
                        "ArtifactCorrupt",
                        f"{shown} has the digest {found}, not {digest}; write the digest of the file you mean.",
                    )
                part.rename(file)
            return _unpacked(file, shown) if name.endswith(_ARCHIVES) else file

    def _download(self, uri: str, shown: str, part: Path, missing: Reason) -> None:
        """Fetch into `part`, going on where an earlier try was cut off."""
        verify = ssl.create_default_context() if self._verify is None else self._verify
        trouble = ""
        with httpx.Client(verify=verify, follow_redirects=True, timeout=_TIMEOUT_SECONDS) as client:
            for tried in range(_TRIES):
                if tried:
                    log.warning("%s: %s; trying again", shown, trouble)
                    self._sleep(_WAIT_SECONDS * 2 ** (tried - 1))
                try:
                    trouble = _attempt(client, uri, shown, part, missing)
                except httpx.TransportError as error:
                    trouble = first_line(error)
                if not trouble:
                    return
        raise RunError("Internal", f"{shown} could not be fetched in {_TRIES} tries: {trouble}.")


def _attempt(client: httpx.Client, uri: str, shown: str, part: Path, missing: Reason) -> str:
    """Fetch what is missing of a file; return why another try may help, or nothing if it is whole."""
    have = part.stat().st_size if part.exists() else 0
    # What is compressed on the way could not be continued, nor has it the file's digest.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", uri, headers=headers) as response:
        if response.url.scheme != "https":
            raise RunError(missing, f"{shown} leads to {response.url.scheme}://; write an address that stays https.")
        if have and response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()
            return "the file is shorter than what was fetched of it"
        if response.status_code in _RETRIED:
            return f"the server answers {response.status_code}"
        if response.is_error:
            raise RunError(
                missing, f"{shown} cannot be read: the server answers {response.status_code}; correct the address."
            )
        goes_on = have and response.status_code == httpx.codes.PARTIAL_CONTENT
        with part.open("ab" if goes_on else "wb") as out:
            for chunk in response.iter_raw():
                out.write(chunk)
    return ""


def _unpacked(file: Path, shown: str) -> Path:
    """Unpack an archive beside itself; a single folder at its top is what it means."""
    folder = file.with_name("content")
    if not folder.exists():
        rough = file.with_name(".unpacking")
        shutil.rmtree(rough, ignore_errors=True)
        try:
            with tarfile.open(file) as archive:
                # Refuses paths and links that lead out of the folder, devices, and odd modes.
                archive.extractall(rough, filter="data")
        except tarfile.TarError as error:
            raise RunError(
                "ArtifactCorrupt", f"{shown} cannot be unpacked ({first_line(error)}); make the archive again with tar."
            ) from error
        rough.rename(folder)
    inner = list(folder.iterdir())
    return inner[0] if len(inner) == 1 and inner[0].is_dir() else folder
