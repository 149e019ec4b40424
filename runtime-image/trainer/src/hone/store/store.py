"""The store of a run."""

from dataclasses import dataclass, replace
from pathlib import Path

from hone.contract import JobConfig
from hone.contract.source import Data, ResolvedModel
from hone.errors import RunError
from hone.store.artifact import ArtifactWriter
from hone.store.digest import digest_of_listing, files_below, sha256_file
from hone.store.download import Downloads
from hone.store.location import Locator
from hone.store.manifest import check_digest
from hone.store.model import ModelSource, open_model


def wildcard(uri: str) -> int | None:
    """The place of the first `*` or `?` in an address, if it is a pattern."""
    places = [place for sign in "*?" if (place := uri.find(sign)) >= 0]
    return min(places, default=None)


def _is_remote(uri: str) -> bool:
    return uri.startswith("https://")


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
        if _is_remote(model.uri):
            path = self._downloads.fetch(model.uri, model.digest, "ModelNotFound")
            source = open_model(path, model.uri, None, from_configuration=self._from_configuration)
            return replace(source, digest=str(model.digest))
        folder = self._locator.existing(model.uri, "ModelNotFound", "model")
        return open_model(folder, model.uri.rstrip("/"), model.digest, from_configuration=self._from_configuration)

    def data(self, data: Data) -> DataSource:
        """Find data and take its digest; `*` and `?` in its last parts mean every file that fits."""
        if _is_remote(data.uri):
            path = self._downloads.fetch(data.uri, data.digest, "DatasetNotFound")
            return DataSource(data.uri, str(data.digest), path)
        if (start := wildcard(data.uri)) is not None:
            return self._matching(data, start)
        path = self._locator.existing(data.uri, "DatasetNotFound", "data")
        if path.is_dir():
            digest = digest_of_listing({f.relative_to(path).as_posix(): sha256_file(f) for f in files_below(path)})
        else:
            digest = "sha256:" + sha256_file(path)
        check_digest(data.uri, data.digest, digest)
        return DataSource(data.uri, digest, path)

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
