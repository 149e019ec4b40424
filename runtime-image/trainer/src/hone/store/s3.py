"""Sources at `s3://`: buckets of Amazon S3, or of any other server that speaks its API."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyarrow import fs

from hone.errors import RunError, first_line
from hone.store.credentials import Credentials
from hone.store.remote import Fetched, Wanted, folder_of_pattern, in_parallel, once

_ERROR = re.compile(r"AWS Error (\w+)(?: \(HTTP status (\d+)\))?")
_REFUSED = frozenset(
    {
        *("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "INVALID_SIGNATURE"),
        *("INVALID_CLIENT_TOKEN_ID", "MISSING_AUTHENTICATION_TOKEN", "UNRECOGNIZED_CLIENT", "EXPIRED_TOKEN"),
        "NOT_AUTHORIZED",
    }
)
_REDIRECTS = frozenset({"301", "307"})
_CHUNK = 1 << 20


class Buckets:
    """Fetches objects, each of the size that the listing has of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, wanted: Wanted, credentials: Credentials) -> Fetched:
        """Fetch what an address means: an object, all below a prefix, or all that fit a pattern.

        Raises:
            RunError: ConfigInvalid for an address or a Secret that is incomplete, `wanted.missing` if nothing is there
                or the credentials may not read it, Internal (which is tried again) if the server does not answer.
        """
        bucket, _, key = wanted.uri.removeprefix("s3://").partition("/")
        if not bucket:
            raise RunError("ConfigInvalid", f"{wanted.uri} names no bucket; write s3://BUCKET/PATH.")
        endpoint = credentials.setting("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
        objects = _Objects(wanted, bucket, key.strip("/"), endpoint, credentials)
        return once(self._folder, f"{wanted.uri} {endpoint}", wanted, objects.fill)


@dataclass(frozen=True)
class _Objects:
    wanted: Wanted
    bucket: str
    key: str
    endpoint: str | None
    credentials: Credentials

    def fill(self, folder: Path) -> Fetched:
        with self._explained():
            files = self._file_system()
            sizes = self._listing(files)
            chosen = self.wanted.select(sizes, self.key)

            def fetch(name: str) -> None:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with files.open_input_stream(f"{self.bucket}/{name}") as source, path.open("wb") as out:
                    shutil.copyfileobj(source, out, _CHUNK)
                if path.stat().st_size != sizes[name]:
                    raise RunError(
                        "Internal",
                        f"s3://{self.bucket}/{name} came with {path.stat().st_size} bytes instead of {sizes[name]}; it "
                        "was written to meanwhile.",
                    )

            in_parallel(fetch, chosen.names)
        return Fetched(self.wanted.uri.rstrip("/"), folder / chosen.root)

    def _listing(self, files: Any) -> dict[str, int]:  # noqa: ANN401 - pyarrow is untyped
        """Name and size of the object, or of all objects below the prefix."""
        start = self.key
        if (above := folder_of_pattern(self.key)) is not None:
            start = above
        else:
            info = files.get_file_info(f"{self.bucket}/{self.key}" if self.key else self.bucket)
            if info.type == fs.FileType.File:
                return {self.key: info.size}
        selector = fs.FileSelector(f"{self.bucket}/{start}" if start else self.bucket, recursive=True)
        return {
            entry.path.removeprefix(f"{self.bucket}/"): entry.size
            for entry in files.get_file_info(selector)
            if entry.type == fs.FileType.File
        }

    def _file_system(self) -> Any:  # noqa: ANN401 - pyarrow is untyped
        given = self.credentials
        keys: dict[str, str | None] = {}
        if given.are_given:
            keys = {
                "access_key": given.get("AWS_ACCESS_KEY_ID"),
                "secret_key": given.get("AWS_SECRET_ACCESS_KEY"),
                "session_token": given.get("AWS_SESSION_TOKEN"),
            }
            if keys["access_key"] is None or keys["secret_key"] is None:
                raise RunError(
                    "ConfigInvalid",
                    f"The Secret that {self.wanted.uri} is read with lacks AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY; "
                    "write both into it.",
                )
        region = given.setting("AWS_REGION", "AWS_DEFAULT_REGION")
        if region is None:
            # Only Amazon knows of regions by itself; others take any.
            region = "us-east-1" if self.endpoint else fs.resolve_s3_region(self.bucket)
        return fs.S3FileSystem(region=region, endpoint_override=self.endpoint, **keys)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        uri, where = self.wanted.uri, self.endpoint or "Amazon S3"
        try:
            yield
        except FileNotFoundError:
            raise RunError(
                self.wanted.missing, f"There is nothing at {uri}; correct the bucket's path, or put the files there."
            ) from None
        except OSError as error:
            found = _ERROR.search(str(error))
            if found is None and error.errno is not None and error.filename is not None:
                # Of the pod's own disk.
                raise
            code, status = found.groups() if found else ("", None)
            if code in _REFUSED or status == "403":
                raise RunError(self.wanted.missing, self._refused(where)) from None
            if code == "NO_SUCH_BUCKET" or ("Bucket '" in str(error) and "not found" in str(error)):
                raise RunError(
                    self.wanted.missing, f"There is no bucket {self.bucket} at {where}; correct {uri}."
                ) from None
            if status in _REDIRECTS:
                raise RunError(
                    "ConfigInvalid",
                    f"The bucket {self.bucket} of {uri} is in another region; write AWS_REGION into the Secret of "
                    "secretRef, or into the environment of the container trainer in spec.podTemplate.",
                ) from None
            raise RunError("Internal", f"{uri} could not be fetched from {where}: {first_line(error)}") from error

    def _refused(self, where: str) -> str:
        if self.credentials.are_given:
            return (
                f"{self.wanted.uri} cannot be read: {where} refuses these credentials; write AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY that may list and read it into the Secret of secretRef."
            )
        return (
            f"{self.wanted.uri} cannot be read: {where} refuses the pod's own identity; give its service account a "
            "role that may list and read it, or name a Secret with credentials in secretRef."
        )
