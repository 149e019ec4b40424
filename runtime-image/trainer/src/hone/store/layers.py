"""What the layers of an OCI manifest hold: files and archives, as ORAS, the CNCF ModelPack, KitOps and images do."""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

#: The folder of a model in an image (KServe's modelcars).
IMAGE_ROOT = "models"

_IMAGE_CONFIGS = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
_IMAGE_LAYER = re.compile(
    r"application/vnd\.(oci\.image\.layer(\.nondistributable)?\.v1|docker\.image\.rootfs(\.foreign)?\.diff)\.tar\b.*"
)
_TAR = re.compile(r".*[.+]tar([.+](gzip|zstd))?")
#: What oras-py writes of a folder, without saying so.
_ORAS_FOLDER = "application/vnd.oci.image.layer.v1.tar+gzip"
_ARCHIVES = (".tar", ".tar.gz", ".tgz")
#: What the layer is for, in media types of the ModelPack and of KitOps.
_PURPOSE = re.compile(r"application/vnd\.(?:cncf\.model|kitops\.modelkit)\.(\w+)\b.*")
_TITLE = "org.opencontainers.image.title"
_UNPACK = "io.deis.oras.content.unpack"
_FILE_PATH = ("org.cncf.model.filepath", "org.cnai.model.filepath")
_PATH_IN_IMAGE = "olot.layer.content.inlayerpath"


class Descriptor(BaseModel):
    """Names content, as the OCI image specification has it."""

    media_type: str = Field(alias="mediaType")
    digest: Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$")]
    size: Annotated[int, Field(ge=0)]
    annotations: dict[str, str] | None = None

    def note(self, *names: str) -> str:
        """The first annotation of these names that is there."""
        notes = self.annotations or {}
        return next((notes[name] for name in names if notes.get(name)), "")


class Platform(BaseModel):
    """What an image is made for."""

    architecture: str = "unknown"
    os: str = "unknown"


class PlatformDescriptor(Descriptor):
    """A manifest of an index."""

    platform: Platform | None = None


class Manifest(BaseModel):
    """A manifest with layers, or an index with manifests."""

    config: Descriptor | None = None
    layers: list[Descriptor] | None = None
    manifests: list[PlatformDescriptor] | None = None


@dataclass(frozen=True)
class Blob:
    """Content of a registry."""

    digest: str
    size: int


@dataclass(frozen=True)
class Archive:
    """A tar archive; if known, the file or folder that it holds, and of an image's layer the folder that counts."""

    blob: Blob
    holds: str = ""
    root: str = ""

    def concerns(self, path: str) -> bool:
        """Whether something at or below a path may be in it."""
        if not self.holds or not path:
            return True
        return f"{self.holds}/".startswith(f"{path}/") or f"{path}/".startswith(f"{self.holds}/")


@dataclass(frozen=True)
class Layers:
    """The layers that have names: of files, or in archives."""

    files: dict[str, Blob]
    archives: list[Archive]
    is_image: bool

    @classmethod
    def of(cls, manifest: Manifest, *, is_model: bool) -> "Layers":
        """Sort a manifest's layers; what holds data alone is left out for a model, and a model's weights for data."""
        is_image = manifest.config is not None and manifest.config.media_type in _IMAGE_CONFIGS
        files: dict[str, Blob] = {}
        archives = []
        for layer in _of_use(manifest.layers or [], is_model):
            found = _sorted(layer, is_image)
            if isinstance(found, Archive):
                archives.append(found)
            elif found:
                files[found] = Blob(layer.digest, layer.size)
        return cls(files, archives, is_image)


def manifest_for(index: Manifest, architecture: str) -> PlatformDescriptor | None:
    """The first manifest of an index for Linux on an architecture; or the only one, for data is the same everywhere."""
    # What has a platform that is named unknown says something about the others.
    found = [
        entry for entry in index.manifests or [] if entry.platform is None or entry.platform.os.lower() != "unknown"
    ]
    fitting = [
        entry
        for entry in found
        if entry.platform is not None and (entry.platform.os, entry.platform.architecture) == ("linux", architecture)
    ]
    if fitting:
        return fitting[0]
    return found[0] if len(found) == 1 else None


def _of_use(layers: Iterable[Descriptor], is_model: bool) -> Iterable[Descriptor]:
    useless = {"dataset"} if is_model else {"weight", "model", "modelpart"}
    for layer in layers:
        purpose = _PURPOSE.fullmatch(layer.media_type)
        if purpose is None or purpose[1] not in useless:
            yield layer


def _sorted(layer: Descriptor, is_image: bool) -> Archive | str:
    """An archive, a file's name, or nothing of a layer that has none."""
    blob, title = Blob(layer.digest, layer.size), _name(layer.note(_TITLE))
    if is_image and _IMAGE_LAYER.fullmatch(layer.media_type):
        # Some tools title the layers of images as well.
        inner = _name(layer.note(_PATH_IN_IMAGE)).removeprefix(f"{IMAGE_ROOT}/")
        return Archive(blob, "" if inner == IMAGE_ROOT else inner, IMAGE_ROOT)
    if layer.note(*_FILE_PATH):
        path = _name(layer.note(*_FILE_PATH))
        return Archive(blob, path) if _TAR.fullmatch(layer.media_type) else path
    if title:
        is_folder = layer.note(_UNPACK) == "true" or (
            layer.media_type == _ORAS_FOLDER and not title.endswith(_ARCHIVES)
        )
        return Archive(blob, title) if is_folder else title
    return Archive(blob) if _TAR.fullmatch(layer.media_type) else ""


def _name(path: str) -> str:
    """A path as names in archives are written; nothing for the artifact's own folder."""
    name = posixpath.normpath(path).strip("/") if path else ""
    return "" if name == "." else name
