"""Sources at `https://`: fetched once per pod, whole or not at all, and only with the digest that the spec gives."""

import os
import shutil
import ssl
import tempfile
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx

from hone.contract.failure import Reason
from hone.errors import RunError
from hone.store.archive import unpack
from hone.store.transfer import TIMEOUT_SECONDS, Sink, continued, in_tries
from hone.store.turn import turn_in

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


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
                found = self._download(uri, shown, part, missing)
                if found != digest:
                    part.unlink()
                    raise RunError(
                        "ArtifactCorrupt",
                        f"{shown} has the digest {found}, not {digest}; write the digest of the file you mean.",
                    )
                part.rename(file)
            return _unpacked(file, shown) if name.endswith(_ARCHIVES) else file

    def _download(self, uri: str, shown: str, part: Path, missing: Reason) -> str:
        """Fetch into `part`, and return its digest."""

        def check(response: httpx.Response) -> None:
            if response.url.scheme != "https":
                raise RunError(
                    missing, f"{shown} leads to {response.url.scheme}://; write an address that stays https."
                )
            if response.is_error:
                raise RunError(
                    missing, f"{shown} cannot be read: the server answers {response.status_code}; correct the address."
                )

        verify = ssl.create_default_context() if self._verify is None else self._verify
        sink = Sink(part)
        with httpx.Client(verify=verify, follow_redirects=True, timeout=TIMEOUT_SECONDS) as client:
            in_tries(shown, lambda: continued(client, uri, sink, check), self._sleep)
        return sink.digest


def _unpacked(file: Path, shown: str) -> Path:
    """Unpack an archive beside itself; a single folder at its top is what it means."""
    folder = file.with_name("content")
    if not folder.exists():
        rough = file.with_name(".unpacking")
        shutil.rmtree(rough, ignore_errors=True)
        unpack(file, rough, shown)
        rough.rename(folder)
    inner = list(folder.iterdir())
    return inner[0] if len(inner) == 1 and inner[0].is_dir() else folder
