"""Unpacks tar archives: nothing leaves the folder, and nothing but files, folders and links within it is made."""

import gzip
import lzma
import posixpath
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hone.errors import RunError, first_line

_ZSTD = bytes.fromhex("28b52ffd")
#: Marks of image layers: a name of a lower layer that is no more, and a folder of which this layer has all.
_REMOVED = ".wh."
_REPLACED = ".wh..wh..opq"


def unpack(file: Path, folder: Path, shown: str) -> None:
    """Unpack an archive into a folder.

    Raises:
        RunError: ArtifactCorrupt for what is no archive, or has a path or link that leads out of it, or a device.
    """
    with _opened(file, shown) as archive:
        archive.extractall(folder, filter="data")


def unpack_layer(file: Path, folder: Path, shown: str, root: str) -> None:
    """Lay what a layer of an image has below `root` over what lower layers put into the folder.

    Raises:
        RunError: as `unpack`, for what is below `root`; the rest is passed over.
    """
    written: set[str] = set()
    with _opened(file, shown) as archive:
        for member in archive:
            name = posixpath.normpath(member.name).lstrip("/")
            if name != root and not name.startswith(f"{root}/"):
                continue
            above, base = posixpath.split(name)
            if base == _REPLACED:
                for path in _children(folder / above):
                    if path.relative_to(folder).as_posix() not in written:
                        _remove(path)
            elif base.startswith(_REMOVED):
                if (removed := base.removeprefix(_REMOVED)) not in ("", ".", ".."):
                    _remove(folder / above / removed)
            else:
                if not (member.isdir() and _is_folder(folder / name)):
                    # Nothing is written through a link, or into a file that has a second name.
                    _remove(folder / name)
                archive.extract(member, folder, filter="data")
                while name and name not in written:
                    written.add(name)
                    name = posixpath.dirname(name)


@contextmanager
def _opened(file: Path, shown: str) -> Iterator[tarfile.TarFile]:
    plain = file
    try:
        plain = _without_zstd(file)
        with tarfile.open(plain) as archive:
            yield archive
    except (tarfile.TarError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError) as error:
        raise RunError(
            "ArtifactCorrupt", f"{shown} cannot be unpacked ({first_line(error)}); make the archive again with tar."
        ) from error
    finally:
        if plain != file:
            plain.unlink(missing_ok=True)


def _without_zstd(file: Path) -> Path:
    """The file, or what is beside it then: the one compression of layers that this Python's tar lacks."""
    with file.open("rb") as start:
        if start.read(len(_ZSTD)) != _ZSTD:
            return file
    # Takes a while to import, and few archives need it.
    import pyarrow as pa

    plain = file.with_name(f"{file.name}.tar")
    try:
        with pa.input_stream(str(file), compression="zstd") as source, plain.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    except OSError as error:
        if error.errno is not None:
            # Of the disk.
            raise
        raise tarfile.ReadError(first_line(error)) from error
    return plain


def _children(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _remove(path: Path) -> None:
    if _is_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
