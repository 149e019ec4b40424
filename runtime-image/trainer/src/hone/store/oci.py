"""Sources at `oci://`: artifacts and images of registries."""

import hashlib
import os
import platform
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from hone.errors import RunError, some_of
from hone.store.archive import unpack, unpack_layer
from hone.store.credentials import Credentials
from hone.store.layers import IMAGE_ROOT, Archive, Layers, Manifest, manifest_for
from hone.store.login import Login, login_to
from hone.store.registry import DeniedError, MissingError, Repository
from hone.store.remote import Fetched, Wanted, folder_of_pattern, in_parallel, once

_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_ADDRESS = re.compile(
    r"oci://(?P<registry>(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?)"
    rf"/(?P<repository>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?(?:/(?P<path>.*))?"
)
_DEFAULT_TAG = "latest"
#: What Go, and so images, call what Python calls otherwise.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Address:
    """`oci://REGISTRY/REPOSITORY[:TAG][@DIGEST][/PATH]`; the path is of a file or folder of the artifact."""

    registry: str
    repository: str
    tag: str | None
    digest: str | None
    path: str

    @classmethod
    def parse(cls, uri: str) -> "Address":
        """Take an address apart; without tag and digest, the tag is `latest`.

        Raises:
            RunError: ConfigInvalid if it is none.
        """
        form = "oci://REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST]"
        found = _ADDRESS.fullmatch(uri)
        if found is None:
            raise RunError("ConfigInvalid", f"{uri} names no artifact of a registry; write {form}.")
        registry, repository, tag, digest, path = found.groups()
        if path is not None and tag is None and digest is None:
            # Where a repository's name ends, which has slashes of its own, only the tag or digest says.
            raise RunError("ConfigInvalid", f"{uri} has a path and no tag; write {form}/PATH with one of both.")
        if registry == "docker.io" and "/" not in repository:
            repository = f"library/{repository}"
        tag = _DEFAULT_TAG if tag is None and digest is None else tag
        return cls(registry, repository, tag, digest, (path or "").strip("/"))

    @property
    def reference(self) -> str:
        """What the registry is asked for: of a tag and a digest, the digest."""
        return self.digest or self.tag or _DEFAULT_TAG

    def __str__(self) -> str:
        """The address, with its tag."""
        tag, digest = f":{self.tag}" if self.tag else "", f"@{self.digest}" if self.digest else ""
        return f"oci://{self.registry}/{self.repository}{tag}{digest}" + (f"/{self.path}" if self.path else "")


class Registries:
    """Fetches from artifacts at one digest; each blob is compared with its own."""

    def __init__(self, folder: Path, sleep: Callable[[float], None] = time.sleep) -> None:
        self._folder = folder
        self._sleep = sleep

    def fetch(self, wanted: Wanted, credentials: Credentials) -> Fetched:
        """Fetch what an address means; the address that comes back has the digest in place of a tag.

        Raises:
            RunError: ConfigInvalid for an address or a Secret that is none, `wanted.missing` if nothing is there or the
                credentials may not read it, ModelInvalid or DatasetInvalid for layers without files, ArtifactCorrupt
                for other bytes than a digest says, Internal (which is tried again) if the registry does not answer.
        """
        address = Address.parse(wanted.uri)
        login = login_to(address.registry, address.repository, credentials, wanted.uri)
        artifact = _Artifact(replace(wanted, uri=str(address)), address, login, self._sleep)
        return once(self._folder, str(address), wanted, artifact.fill)


@dataclass(frozen=True)
class _Artifact:
    wanted: Wanted
    address: Address
    login: Login | None
    sleep: Callable[[float], None]

    def fill(self, folder: Path) -> Fetched:
        with (
            self._explained(),
            Repository(self.address.registry, self.address.repository, self.login, self.sleep) as repository,
        ):
            digest, layers = self._layers(repository)
            path = self.address.path
            rough = folder / ".layers"
            unpacked = self._unpacked(repository, layers, rough)
            names = {*unpacked, *layers.files}
            self._check_names(names, layers)
            if not path and self.wanted.is_model:
                path = _only_folder(names)
            chosen = self.wanted.select(names, path)

            def fetch(name: str) -> None:
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                if name in layers.files:
                    blob = layers.files[name]
                    repository.blob(blob.digest, blob.size, target, f"{name} of {self.wanted.uri}")
                else:
                    os.link(unpacked[name], target)

            in_parallel(fetch, chosen.names)
        shutil.rmtree(rough, ignore_errors=True)
        return Fetched(str(replace(self.address, tag=None, digest=digest)), folder / chosen.root)

    def _layers(self, repository: Repository) -> tuple[str, Layers]:
        """What the reference means: its digest, and the layers of the manifest, or of the one for this machine."""
        digest, manifest = self._manifest(repository, self.address.reference)
        if manifest.manifests is not None:
            architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
            found = manifest_for(manifest, architecture)
            if found is None:
                there = [
                    f"{entry.platform.os}/{entry.platform.architecture}"
                    for entry in manifest.manifests
                    if entry.platform
                ]
                raise self._invalid(
                    f"is an index without a manifest for linux/{architecture} (it has "
                    f"{some_of(there) or 'none with a platform'}); write the digest of one of its manifests"
                )
            _, manifest = self._manifest(repository, found.digest)
        if manifest.layers is None:
            raise self._invalid("has a manifest without layers; name an artifact or an image")
        return digest, Layers.of(manifest, is_model=self.wanted.is_model)

    def _manifest(self, repository: Repository, reference: str) -> tuple[str, Manifest]:
        content = repository.manifest(reference, self.wanted.uri)
        algorithm = reference.partition(":")[0] if ":" in reference else "sha256"
        digest = f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
        if ":" in reference and reference != digest:
            raise RunError(
                "ArtifactCorrupt",
                f"The manifest {reference} of {self.wanted.uri} came with the digest {digest}; the registry does not "
                "give what it lists.",
            )
        try:
            return digest, Manifest.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the document"
            raise self._invalid(
                f"has no manifest of an OCI artifact ({where}: {first['msg']}); name an artifact or an image"
            ) from None

    def _unpacked(self, repository: Repository, layers: Layers, rough: Path) -> dict[str, Path]:
        """Unpack the archives that may hold what is wanted, in their order; return where their files are by name."""
        pattern = folder_of_pattern(self.address.path)
        within = self.address.path if pattern is None else pattern
        archives = [
            (rough / f"{number}", found) for number, found in enumerate(layers.archives) if found.concerns(within)
        ]
        content = rough / "content"
        content.mkdir(parents=True)

        def fetch(entry: tuple[Path, Archive]) -> None:
            file, archive = entry
            repository.blob(archive.blob.digest, archive.blob.size, file, self._shown(archive))

        in_parallel(fetch, archives)
        for file, archive in archives:
            if archive.root:
                unpack_layer(file, content, self._shown(archive), archive.root)
            else:
                unpack(file, content, self._shown(archive))
            file.unlink()
        top = (content / IMAGE_ROOT if layers.is_image else content).resolve()
        # A link may give a file another name, within the archive.
        return {
            path.relative_to(top).as_posix(): path.resolve()
            for path in top.rglob("*")
            if path.is_file() and path.resolve().is_relative_to(top)
        }

    def _shown(self, archive: Archive) -> str:
        return f"{archive.holds or f'The layer {archive.blob.digest}'} of {self.wanted.uri}"

    def _check_names(self, names: Collection[str], layers: Layers) -> None:
        if names:
            return
        if layers.is_image:
            raise self._invalid(f"is an image without a file below /{IMAGE_ROOT}; put the files there")
        raise self._invalid(
            "has no layer that names a file; push the files with oras, kit or modctl, or as an image with the files "
            f"below /{IMAGE_ROOT}"
        )

    def _invalid(self, what: str) -> RunError:
        return RunError("ModelInvalid" if self.wanted.is_model else "DatasetInvalid", f"{self.wanted.uri} {what}.")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        uri, registry, repository = self.wanted.uri, self.address.registry, self.address.repository
        try:
            yield
        except DeniedError:
            if self.login is None:
                cure = (
                    f"{registry} shows nobody the repository {repository}; correct the address, or name in secretRef a "
                    "Secret with OCI_USERNAME and OCI_PASSWORD that may read it"
                )
            else:
                cure = (
                    f"{registry} does not show the repository {repository} to these credentials; correct the address, "
                    "or write credentials that may pull from it into the Secret of secretRef"
                )
            raise RunError(self.wanted.missing, f"{uri} cannot be read: {cure}.") from None
        except MissingError:
            raise RunError(
                self.wanted.missing,
                f"{uri} cannot be read: {registry} has no {self.address.reference} in the repository {repository}, or "
                "not all of it; write a tag or a digest that it has.",
            ) from None


def _only_folder(names: Collection[str]) -> str:
    """The folder at the top that holds everything, if there is one."""
    tops = {name.partition("/")[0] for name in names}
    return tops.pop() if len(tops) == 1 and all("/" in name for name in names) else ""
