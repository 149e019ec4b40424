"""Writes an artifact: its files first, its manifest last, and that is the commit."""

import contextlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from hone.contract import (
    ArtifactReference,
    ExportSummary,
    FileEntry,
    LineageEntry,
    Manifest,
    Metrics,
    PhaseTime,
    Resumes,
    SearchReport,
    StepReport,
    TrainingSummary,
)
from hone.contract.training import Task, TrainedTask
from hone.errors import RunError
from hone.store.digest import files_below, sha256_file, sync_folder
from hone.store.manifest import MANIFEST, check_files, read_manifest

Kind = Literal["FineTuneJob", "CompressionJob"]

#: Checkpoints outlive a pod here and go with the commit; the leading dot keeps them out of artifacts.
CHECKPOINTS = ".checkpoints"


class ArtifactWriter:
    """The folder `<output>/<name>-<hash>`; without a manifest it is torn, with one it is finished for ever."""

    def __init__(self, root: Path, root_uri: str, kind: Kind, name: str, hash: str) -> None:
        self._kind: Kind = kind
        self._name = name
        self._hash = hash
        self.folder = root / f"{name}-{hash}"
        self.uri = f"{root_uri.rstrip('/')}/{name}-{hash}"
        self.checkpoints = root / CHECKPOINTS / f"{name}-{hash}"

    def finished(self) -> tuple[Manifest, ArtifactReference] | None:
        """Return what an earlier run of the same hash has committed, every digest checked; None if nothing."""
        if not (self.folder / MANIFEST).is_file():
            return None
        manifest, digest = read_manifest(self.folder, self.uri)
        identity = (manifest.kind, manifest.name, manifest.hash)
        if identity != (self._kind, self._name, self._hash):
            raise RunError(
                "ArtifactCorrupt",
                f"{self.uri}/{MANIFEST} belongs to {' '.join(identity)}; remove the folder or name another output.",
            )
        check_files(self.folder, self.uri, manifest.files)
        return manifest, self._reference(manifest, digest)

    def begin(self) -> Path:
        """Make the folder, empty: what a torn earlier try has left is removed. Executors write their files into it."""
        try:
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self.folder.mkdir(parents=True)
            probe = self.folder / ".probe"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise self._not_writable(error) from error
        return self.folder

    def within(self, path: str) -> "ArtifactWriter":
        """Return the writer of an artifact of the same run, in a folder of this one; it is committed first."""
        inner = ArtifactWriter(self.folder.parent, self.uri, self._kind, self._name, self._hash)
        inner.folder = self.folder / path
        inner.uri = f"{self.uri}/{path}"
        inner.checkpoints = inner.folder / CHECKPOINTS / "none"
        return inner

    def commit(
        self,
        *,
        model_format: Literal["Transformers", "ONNX", "OpenVINO", "LiteRT"],
        model_path: str | None,
        task: Task | None,
        lineage: list[LineageEntry],
        metrics: Metrics,
        training: TrainingSummary | None,
        resumes: Resumes | None,
        steps: list[StepReport],
        export: ExportSummary | None,
        phases: list[PhaseTime],
        warnings: list[str],
        search: SearchReport | None = None,
    ) -> tuple[Manifest, ArtifactReference]:
        """Force every file to the disk, then write the manifest under a temporary name and rename it."""
        try:
            files = [self._entry(path) for path in files_below(self.folder)]
            manifest = Manifest(
                schema_version=1,
                kind=self._kind,
                name=self._name,
                hash=self._hash,
                format=model_format,
                model_path=model_path,
                task=TrainedTask.of(task) if task else None,
                files=files,
                lineage=lineage,
                metrics=metrics,
                training=training,
                resumes=resumes,
                steps=steps or None,
                export=export,
                search=search,
                phases=phases,
                warnings=warnings or None,
                created_at=datetime.now(UTC),
            )
            for folder in {path.parent for path in files_below(self.folder)} | {self.folder}:
                sync_folder(folder)
            temporary = self.folder / f".{MANIFEST}.tmp"
            with temporary.open("wb") as file:
                file.write(manifest.to_json() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(self.folder / MANIFEST)
            sync_folder(self.folder)
            sync_folder(self.folder.parent)
        except OSError as error:
            raise self._not_writable(error) from error
        shutil.rmtree(self.checkpoints, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.checkpoints.parent.rmdir()
        read, digest = read_manifest(self.folder, self.uri)
        return read, self._reference(read, digest)

    def _entry(self, path: Path) -> FileEntry:
        return FileEntry(
            path=path.relative_to(self.folder).as_posix(),
            size_bytes=path.stat().st_size,
            sha256=sha256_file(path, sync=True),
        )

    def _reference(self, manifest: Manifest, digest: str) -> ArtifactReference:
        return ArtifactReference(
            uri=self.uri, digest=digest, size_bytes=sum(entry.size_bytes for entry in manifest.files)
        )

    def _not_writable(self, error: OSError) -> RunError:
        return RunError(
            "OutputNotWritable",
            f"{self.uri} can't be written ({error.strerror or error}); give the claim more room or a volume that user "
            f"{os.getuid()} may write to.",
        )
