"""The store of a run."""

from dataclasses import dataclass, replace
from pathlib import Path

from hone.contract import JobConfig
from hone.contract.source import Data, ResolvedModel, SecretReference
from hone.errors import RunError
from hone.store.artifact import ArtifactWriter
from hone.store.credentials import Credentials
from hone.store.digest import digest_of_listing, files_below, sha256_file
from hone.store.download import Downloads
from hone.store.location import Locator
from hone.store.manifest import check_digest
from hone.store.model import ModelSource, open_model
from hone.store.remote import Fetched, Wanted


def wildcard(uri: str) -> int | None:
    """The place of the first `*` or `?` in an address, if it is a pattern."""
    places = [place for sign in "*?" if (place := uri.find(sign)) >= 0]
    return min(places, default=None)


def _is_of_the_web(uri: str) -> bool:
    return uri.startswith("https://")


def _is_listed(uri: str) -> bool:
    """Whether the address is of a repository, bucket or artifact, whose files are listed before any is fetched."""
    return uri.startswith(("hf://", "s3://", "oci://"))


def _digest(path: Path) -> str:
    """The digest of a file, or of a folder's listing."""
    if not path.is_dir():
        return "sha256:" + sha256_file(path)
    return digest_of_listing({file.relative_to(path).as_posix(): sha256_file(file) for file in files_below(path)})


@dataclass(frozen=True)
class DataSource:
    """Data whose digest was taken: a file, a folder, or the files below it that a pattern means."""

    uri: str
    digest: str
    path: Path
    files: tuple[Path, ...] = ()


class Store:
    """Opens the inputs of a run and the folder of its artifact."""

    def __init__(
        self, locator: Locator, *, from_configuration: bool = False, downloads: Downloads | None = None
    ) -> None:
        self._locator = locator
        self._downloads = downloads or Downloads.from_environment()
        self._from_configuration = from_configuration

    @classmethod
    def of(cls, config: JobConfig) -> "Store":
        """Return the store that the configuration's uris mean, with or without a cluster."""
        # Small image models learn from the beginning; a language model from a configuration alone would learn nothing.
        task = config.task.type if config.kind == "FineTuneJob" and config.task is not None else None
        return cls(
            Locator.from_environment(in_cluster=config.report is not None),
            from_configuration=task == "ImageClassification",
        )

    def model(self, model: ResolvedModel) -> ModelSource:
        """Find a model and check every digest that is read."""
        if _is_of_the_web(model.uri):
            path = self._downloads.fetch(model.uri, model.digest, "ModelNotFound")
            source = open_model(path, model.uri, None, from_configuration=self._from_configuration)
            return replace(source, digest=str(model.digest))
        if _is_listed(model.uri):
            wanted = Wanted(model.uri, "ModelNotFound", is_model=True, from_configuration=self._from_configuration)
            fetched = self._fetch(wanted, model.revision, model.secret_ref)
            source = open_model(fetched.path, fetched.uri, None, from_configuration=self._from_configuration)
            check_digest(fetched.uri, model.digest, source.digest)
            return source
        folder = self._locator.existing(model.uri, "ModelNotFound", "model")
        return open_model(folder, model.uri.rstrip("/"), model.digest, from_configuration=self._from_configuration)

    def data(self, data: Data) -> DataSource:
        """Find data and take its digest; `*` and `?` in its last parts mean every file that fits."""
        if _is_of_the_web(data.uri):
            path = self._downloads.fetch(data.uri, data.digest, "DatasetNotFound")
            return DataSource(data.uri, str(data.digest), path)
        if _is_listed(data.uri):
            fetched = self._fetch(Wanted(data.uri, "DatasetNotFound", is_model=False), None, data.secret_ref)
            digest = _digest(fetched.path)
            check_digest(fetched.uri, data.digest, digest)
            files = tuple(files_below(fetched.path)) if wildcard(data.uri) is not None else ()
            return DataSource(fetched.uri, digest, fetched.path, files)
        if (start := wildcard(data.uri)) is not None:
            return self._matching(data, start)
        path = self._locator.existing(data.uri, "DatasetNotFound", "data")
        digest = _digest(path)
        check_digest(data.uri, data.digest, digest)
        return DataSource(data.uri, digest, path)

    def _fetch(self, wanted: Wanted, revision: str | None, secret: SecretReference | None) -> Fetched:
        credentials = Credentials.of(secret, wanted.uri)
        # Their clients take a while to import, and most runs need none.
        if wanted.uri.startswith("oci://"):
            from hone.store.oci import Registries

            return Registries(self._downloads.folder).fetch(wanted, credentials)
        if wanted.uri.startswith("s3://"):
            from hone.store.s3 import Buckets

            return Buckets(self._downloads.folder).fetch(wanted, credentials)
        from hone.store.hub import Hub

        return Hub(self._downloads.folder).fetch(wanted, revision, credentials)

    def _matching(self, data: Data, start: int) -> DataSource:
        folder_uri = data.uri[: data.uri.rindex("/", 0, start)]
        folder = self._locator.existing(folder_uri, "DatasetNotFound", "folder")
        pattern = data.uri[len(folder_uri) + 1 :]
        files = sorted(path for path in folder.glob(pattern) if path.is_file() and not path.name.startswith("."))
        if not files:
            raise RunError(
                "DatasetNotFound", f"No file below {folder_uri} fits {pattern}; correct the pattern, or name a file."
            )
        names = [path.relative_to(folder).as_posix() for path in files]
        for name in names:
            # Refuses a link that leads out of the claim.
            self._locator.resolve(f"{folder_uri}/{name}", "DatasetNotFound")
        digest = digest_of_listing({name: sha256_file(path) for name, path in zip(names, files, strict=True)})
        check_digest(data.uri, data.digest, digest)
        return DataSource(data.uri, digest, folder, tuple(files))

    def artifact(self, config: JobConfig) -> ArtifactWriter:
        """Return the writer of this run's artifact."""
        root = self._locator.resolve(config.output.uri, "OutputNotWritable")
        if root.exists() and not root.is_dir():
            raise RunError("OutputNotWritable", f"{config.output.uri} is a file; name a folder in spec.output.uri.")
        return ArtifactWriter(root, config.output.uri, config.kind, config.name, config.hash)
