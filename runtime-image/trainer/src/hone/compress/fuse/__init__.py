"""Neighbouring operators become one."""

from hone.compress.fuse.answering import join
from hone.compress.fuse.patterns import has_norms
from hone.compress.fuse.step import fuse

__all__ = ["fuse", "has_norms", "join"]
