"""From a uri to a path."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hone.contract.failure import Reason
from hone.errors import RunError, some_of

#: Schemes of the contract that are no paths, and that nothing is written to yet.
_LATER = ("hf", "s3", "oci")


class Locator:
    """Resolves uris: `pvc://CLAIM/path` below the folder where claims are mounted, `file://` outside a cluster."""

    def __init__(self, pvc_root: Path, allow_files: bool) -> None:
        self._pvc_root = pvc_root
        self._allow_files = allow_files

    @classmethod
    def from_environment(cls, in_cluster: bool) -> "Locator":
        """Claims are mounted below HONE_PVC_ROOT; a pod reads no `file://`, for its file system is nobody's."""
        return cls(Path(os.environ.get("HONE_PVC_ROOT", "/mnt/pvc")), allow_files=not in_cluster)

    def resolve(self, uri: str, missing: Reason) -> Path:
        """Return the path of the uri, there or not; `missing` is the reason if its claim is not mounted."""
        scheme, _, rest = uri.partition("://")
        if scheme == "pvc":
            return self._claim_path(uri, rest, missing)
        if scheme == "file":
            if not self._allow_files:
                raise RunError(
                    "Unsupported",
                    f"{uri} is a path of one machine and means nothing in a pod; put the files on a "
                    "PersistentVolumeClaim and write pvc://CLAIM/path.",
                )
            return Path(unquote(urlsplit(uri).path)).absolute()
        if scheme in _LATER:
            raise RunError(
                "Unsupported",
                f"{scheme}:// has no executor here yet ({uri}); put the files on a PersistentVolumeClaim and "
                "write pvc://CLAIM/path.",
            )
        if scheme == "https":
            raise RunError("ConfigInvalid", f"{uri} can only be read; write to pvc://CLAIM/path.")
        raise RunError("ConfigInvalid", f"{uri} has no scheme that is known; write pvc://CLAIM/path.")

    def existing(self, uri: str, missing: Reason, what: str) -> Path:
        """Return the path of something that has to be there."""
        path = self.resolve(uri, missing)
        if not path.exists():
            raise RunError(missing, f"There is no {what} at {uri}: {self._nearest(uri, path)}")
        return path

    def _claim_path(self, uri: str, rest: str, missing: Reason) -> Path:
        claim, _, inner = rest.partition("/")
        parts = [part for part in inner.split("/") if part not in ("", ".")]
        if ".." in parts or claim in ("", ".", "..") or "\0" in rest:
            raise RunError("ConfigInvalid", f"{uri} leaves its claim; write pvc://CLAIM/path without '..'.")
        root = self._pvc_root / claim
        if not root.is_dir():
            raise RunError(
                missing,
                f"The PersistentVolumeClaim {claim} of {uri} is not mounted at {root}; name a claim of this namespace.",
            )
        path = root.joinpath(*parts)
        if not path.resolve().is_relative_to(root.resolve()):
            raise RunError("ConfigInvalid", f"{uri} leads out of its claim by a symbolic link; link inside the claim.")
        return path

    @staticmethod
    def _nearest(uri: str, path: Path) -> str:
        folder = path.parent
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir():
            return f"{folder} is a file, not a folder."
        depth = len(path.parts) - len(folder.parts)
        names = sorted(
            child.name + "/" * child.is_dir() for child in folder.iterdir() if not child.name.startswith(".")
        )
        held = some_of(names, 12) or "nothing"
        shown = uri.rstrip("/").rsplit("/", depth)[0]
        return f"{shown} holds {held}."
