"""Sources at `hf://`: repositories of the Hugging Face Hub, or of a mirror that speaks its API."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from huggingface_hub import HfApi, HfUri, hf_hub_download, parse_hf_uri
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HfUriError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from hone.errors import RunError, first_line, root_cause
from hone.store.credentials import Credentials
from hone.store.digest import sha256_file
from hone.store.remote import Fetched, Wanted, in_parallel, once

_PUBLIC = "https://huggingface.co"
_TIMEOUT_SECONDS = 60.0
_REFUSED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class Hub:
    """Fetches from repositories at one commit; every file is checked against the digest that the hub has of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, wanted: Wanted, revision: str | None, credentials: Credentials) -> Fetched:
        """Fetch what an address means; the address that comes back has the commit in place of a branch or tag.

        Raises:
            RunError: ConfigInvalid for an address that is none, `wanted.missing` if nothing is there or the token may
                not read it, ArtifactCorrupt for a file other than the hub's, Internal (which is tried again) if the hub
                does not answer.
        """
        place = _parse(wanted, revision)
        endpoint = (credentials.setting("HF_ENDPOINT") or _PUBLIC).rstrip("/")
        repository = _Repository(wanted, place, endpoint, credentials.get("HF_TOKEN"))
        return once(self._folder, f"{place.to_uri()} {endpoint}", wanted, repository.fill)


@dataclass(frozen=True)
class _Repository:
    wanted: Wanted
    place: HfUri
    endpoint: str
    token: str | None

    def fill(self, folder: Path) -> Fetched:
        api = HfApi(endpoint=self.endpoint, token=self.token)
        with self._explained():
            kind, name = self.place.type, self.place.id
            info = api.repo_info(name, repo_type=kind, revision=self.place.revision, timeout=_TIMEOUT_SECONDS)
            commit = str(info.sha)
            tree = api.list_repo_tree(name, repo_type=kind, revision=commit, recursive=True)
            files = {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}
            chosen = self.wanted.select(files, self.place.path_in_repo)

            def fetch(path: str) -> None:
                got = hf_hub_download(
                    name,
                    path,
                    repo_type=kind,
                    revision=commit,
                    local_dir=folder,
                    endpoint=self.endpoint,
                    token=self.token,
                    etag_timeout=_TIMEOUT_SECONDS,
                )
                self._check(Path(got), files[path])

            in_parallel(fetch, chosen.names)
        # The client's own notes.
        shutil.rmtree(folder / ".cache", ignore_errors=True)
        return Fetched(_written(replace(self.place, revision=commit)), folder / chosen.root)

    def _check(self, path: Path, entry: RepoFile) -> None:
        """Compare a file with what its commit holds: large files are known by their SHA-256, others as git has them."""
        if entry.lfs is not None:
            expected, found = entry.lfs.sha256, sha256_file(path)
        else:
            expected, found = entry.blob_id, _git_blob(path)
        if expected != found:
            raise RunError(
                "ArtifactCorrupt",
                f"{entry.path} of {self.wanted.uri} came with the digest {found}, and its commit holds {expected}; the "
                f"server at {self.endpoint} does not give what it lists.",
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        uri, repository = self.wanted.uri, f"the {self.place.type} repository {self.place.id}"
        try:
            yield
        except GatedRepoError:
            raise RunError(
                self.wanted.missing,
                f"{uri} cannot be read: {repository} is gated; accept its terms at {self.endpoint} with an account, "
                "and write a token of that account as HF_TOKEN into the Secret of secretRef.",
            ) from None
        except RepositoryNotFoundError:
            raise RunError(self.wanted.missing, self._unknown(repository)) from None
        except RevisionNotFoundError:
            raise RunError(
                self.wanted.missing,
                f"{uri} cannot be read: {repository} has no revision {self.place.revision}; write a branch, a tag or a "
                "commit that it has.",
            ) from None
        except OfflineModeIsEnabled:
            raise RunError(
                "ConfigInvalid", f"{uri} cannot be read while HF_HUB_OFFLINE is set; remove that variable."
            ) from None
        except HfHubHTTPError as error:
            status = error.response.status_code
            if status in _REFUSED:
                raise RunError(self.wanted.missing, self._unknown(repository)) from None
            raise RunError("Internal", f"{uri} could not be fetched: {self.endpoint} answers {status}.") from error
        except (httpx.HTTPError, LocalEntryNotFoundError) as error:
            cause = root_cause(error)
            if isinstance(cause, HfHubHTTPError) and cause.response.status_code in _REFUSED:
                raise RunError(self.wanted.missing, self._unknown(repository)) from None
            raise RunError(
                "Internal", f"{uri} could not be fetched from {self.endpoint}: {first_line(cause)}."
            ) from error

    def _unknown(self, repository: str) -> str:
        """What a hub says alike: of what is not there, and of what others may not see."""
        if self.token is None:
            return (
                f"{self.wanted.uri} cannot be read: {self.endpoint} shows nobody {repository}; correct the address, or "
                "name in secretRef a Secret whose HF_TOKEN may read it."
            )
        return (
            f"{self.wanted.uri} cannot be read: {self.endpoint} does not show {repository} to this token; correct the "
            "address, or write a token that may read it as HF_TOKEN into the Secret of secretRef."
        )


def _parse(wanted: Wanted, revision: str | None) -> HfUri:
    uri = wanted.uri
    try:
        place = parse_hf_uri(uri)
    except HfUriError as error:
        raise RunError(
            "ConfigInvalid", f"{uri} names no repository ({error.msg}); write hf://ORGANIZATION/NAME."
        ) from None
    if not wanted.is_model and place.type == "model":
        # Data is in repositories of data: the prefix may be left out.
        place = replace(place, type="dataset")
    if place.type != ("model" if wanted.is_model else "dataset"):
        kind = "ORGANIZATION/NAME, a model" if wanted.is_model else "datasets/ORGANIZATION/NAME"
        raise RunError("ConfigInvalid", f"{uri} names a {place.type}; write hf://{kind}.")
    if revision is not None and place.revision is not None:
        raise RunError(
            "ConfigInvalid", f"{uri} has a revision, and revision says {revision} besides; write one of them."
        )
    return place if revision is None else replace(place, revision=revision)


def _written(place: HfUri) -> str:
    """The address as people write it, without the prefix that says what needs no saying."""
    return place.to_uri().replace("hf://models/", "hf://", 1)


def _git_blob(path: Path) -> str:
    """The name that git gives a file's content."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
