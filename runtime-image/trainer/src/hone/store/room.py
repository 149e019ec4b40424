"""Full disks."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from hone.errors import RunError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def room() -> Iterator[None]:
    """Turn a disk that is full, within the block, into a sentence; no other try finds more room by itself.

    Raises:
        RunError: OutputNotWritable, with the file that found no room, if it is known.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        file = error.filename2 or error.filename
        raise RunError(
            "OutputNotWritable",
            f"{file or 'A file'} can't be written, for the disk is full; give the output's volume more room, or the "
            "pod's /workspace and /tmp, in spec.podTemplate, if the file is there.",
        ) from error
