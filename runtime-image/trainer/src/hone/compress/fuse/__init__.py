"""Neighbouring operators become one."""

from hone.compress.fuse.answering import join
from hone.compress.fuse.step import fuse

__all__ = ["fuse", "join"]
