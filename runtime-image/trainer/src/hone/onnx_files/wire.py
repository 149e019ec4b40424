"""As much of Protocol Buffers' encoding as it takes to step over a field without reading it.

See https://protobuf.dev/programming-guides/encoding: a field is a tag (its number, and how it is stored) and a value.
"""

import mmap
from collections.abc import Iterator
from typing import NamedTuple

#: How a value is stored: a number of variable length, eight bytes, a length and so many bytes, four bytes.
VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5


class Field(NamedTuple):
    """One field of a message: its number, where its tag begins, and where its value lies (that of BYTES alone)."""

    number: int
    tag: int
    start: int
    end: int


def fields(data: mmap.mmap, start: int, end: int) -> Iterator[Field]:
    """Yield the fields of the message that lies between two places, in their order.

    Raises:
        ValueError: if it is no message, or ends within one.
    """
    at = start
    while at < end:
        tag = at
        key, at = _varint(data, at, end)
        kind = key & 7
        length = 0
        if kind == VARINT:
            after = _varint(data, at, end)[1]
        elif kind == BYTES:
            length, at = _varint(data, at, end)
            after = at + length
        elif kind in (EIGHT, FOUR):
            after = at + (8 if kind == EIGHT else 4)
        else:
            raise ValueError(f"byte {tag} begins no field")
        if after > end:
            raise ValueError(f"the field at byte {tag} ends after the message that it is in")
        yield Field(key >> 3, tag, at, after)
        at = after


def head(number: int, length: int) -> bytes:
    """Return what stands before the bytes of a field that is stored with its length."""
    return varint(number << 3 | BYTES) + varint(length)


def varint(value: int) -> bytes:
    """Return a number as seven bits a byte, the lowest first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError(f"byte {at} is in no whole number")
