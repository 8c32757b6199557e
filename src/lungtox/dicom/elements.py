"""A walk over the elements of a DICOM file that reads only what is asked for (PS3.5 chapter 7).

Pixels, contours and large private elements are stepped over, never loaded, so that time and memory stay bounded
whatever the file holds; and the walk goes to the end, so that a file that is cut off is seen.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Wanted = Mapping[int, "Wanted | None"]
"""Tags to read: ``None`` for a value, another mapping for a sequence whose items are read in turn."""

Found = dict[int, Any]
"""Tag -> bytes of a value, or list of Found of a sequence."""

PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
TRANSFER_SYNTAX = 0x00020010
_WINDOW = 8192
_LONGEST_VALUE = 1 << 16
_MOST_ELEMENTS = 4_000_000
_MOST_ITEMS = 20_000
_DEEPEST = 32
_LARGEST_INFLATED = 1 << 27
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_SHORT = frozenset(
    (b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
     b"ST", b"TM", b"UI", b"UL", b"US")
)  # fmt: skip
_DEFLATED, _BIG_ENDIAN = b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.2"


class DamagedFileError(Exception):
    """The bytes of a file do not make a DICOM file.

    Attributes
    ----------
    code, reason : str
        Short name, and words for a person without anything that the file holds.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def _cut_off() -> DamagedFileError:
    return DamagedFileError("truncated", "the file is cut off: it ends within an element")


def _damaged(what: str) -> DamagedFileError:
    return DamagedFileError("damaged", f"damaged DICOM: {what}")


@dataclass(frozen=True)
class Elements:
    """What a walk found.

    Attributes
    ----------
    found : Found
        Of file meta header and dataset together.
    pixel_bytes : int or None
        Length of the pixel data; None where there are none, -1 where they are encapsulated.
    little_endian : bool
    """

    found: Found
    pixel_bytes: int | None
    little_endian: bool


def read_elements(descriptor: int, wanted: Wanted) -> Elements:
    """Walk over an open DICOM file, with or without preamble and file meta header.

    Parameters
    ----------
    descriptor : int
        Of a regular file open for reading.
    wanted : Wanted

    Returns
    -------
    Elements

    Raises
    ------
    DamagedFileError
        Not DICOM, cut off, or damaged.
    OSError
        The file cannot be read.
    """
    size = os.fstat(descriptor).st_size
    if size == 0:
        raise DamagedFileError("empty", "an empty file")
    walk = _Walk(lambda at, count: os.pread(descriptor, count, at), size)
    start = 132 if walk.take(128, 4) == b"DICM" else 0
    if start == 0 and not _begins_like_dicom(walk.take(0, 8)):
        raise DamagedFileError("not-dicom", "not a DICOM file")
    found, start = _file_meta(walk, start)
    syntax = found.get(TRANSFER_SYNTAX, b"").strip(b"\0 ")
    if syntax == _DEFLATED:
        plain = _inflate(os.pread(descriptor, size - start, start))
        walk = _Walk(lambda at, count: plain[at : at + count], len(plain))
        start = 0
    walk.begin(start, big=syntax == _BIG_ENDIAN)
    dataset, _ = walk.elements(start, walk.size, wanted, 0)
    return Elements({**dataset, **found}, walk.pixel_bytes, walk.little)


def _begins_like_dicom(head: bytes) -> bool:
    """Judge a file without preamble by its first tag: file meta, or group 0008 in either byte order."""
    return len(head) == 8 and (head[:2] in (b"\x02\0", b"\x08\0", b"\0\x08")) and head[3:4] < b"\x20"


def _file_meta(walk: _Walk, start: int) -> tuple[Found, int]:
    """Read group 0002, which is explicit little endian whatever follows."""
    if walk.take(start, 2) != b"\x02\0":
        return {}, start
    walk.only_group = 2
    walk.explicit = walk.take(start + 4, 2) in _LONG | _SHORT
    found, start = walk.elements(start, walk.size, {TRANSFER_SYNTAX: None}, 0)
    walk.only_group = None
    return found, start


def _inflate(deflated: bytes) -> bytes:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = engine.decompress(deflated, _LARGEST_INFLATED)
    except zlib.error:
        raise _damaged("its deflated part cannot be inflated") from None
    if engine.unconsumed_tail:
        raise _damaged("its deflated part is too large")
    return plain


class _Walk:
    """Steps through elements with one small window of the file in memory."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        self.fetch, self.size = fetch, size
        self.window, self.window_at = b"", 0
        self.explicit, self.little = True, True
        self.only_group: int | None = None
        self.pixel_bytes: int | None = None
        self.count = 0
        self._set_order("<")

    def _set_order(self, order: str) -> None:
        self.tag_of = struct.Struct(f"{order}HH").unpack_from
        self.short_of = struct.Struct(f"{order}H").unpack_from
        self.long_of = struct.Struct(f"{order}I").unpack_from
        self.little = order == "<"

    def begin(self, start: int, *, big: bool) -> None:
        """Judge by the first element of the dataset how lengths are written; what the file meta says may be wrong."""
        head = self.take(start, 8)
        if len(head) < 8:
            raise _cut_off()
        if (big or head[:2] == b"\0\x08") and head[0] == 0:
            self._set_order(">")
        self.explicit = head[4:6] in _LONG or head[4:6] in _SHORT

    def take(self, at: int, count: int) -> bytes:
        """Give bytes of the file; fewer at its end."""
        begin = at - self.window_at
        if begin < 0 or begin + count > len(self.window):
            self.window, self.window_at, begin = self.fetch(at, max(count, _WINDOW)), at, 0
        return self.window[begin : begin + count]

    def elements(self, at: int, end: int, wanted: Wanted, depth: int) -> tuple[Found, int]:
        """Read elements up to ``end`` or the end of their item; give them and the place after them."""
        found: Found = {}
        if depth > _DEEPEST:
            raise _damaged("sequences within sequences without end")
        while at < end:
            if end - at < 8:
                self._refuse_remnant(at, end, depth)
                return found, end
            head = self.take(at, 12)
            tag = self._tag(head)
            if self.only_group is not None and tag >> 16 != self.only_group:
                break
            if tag in (_ITEM_END, _SEQUENCE_END) and depth:
                return found, at + 8
            vr, length, at = self._length(head, at)
            if length == _UNDEFINED:
                at = self._undefined(tag, vr, at, end, wanted, found, depth)
                continue
            stop = at + length
            if stop > end:
                raise _cut_off()
            if tag in PIXELS and depth == 0:
                self.pixel_bytes = length
            elif tag in wanted:
                found[tag] = self._value(at, stop, wanted[tag], depth)
            at = stop
        return found, at

    def _refuse_remnant(self, at: int, end: int, depth: int) -> None:
        if depth or self.take(at, end - at).strip(b"\0"):
            raise _cut_off()

    def _tag(self, head: bytes) -> int:
        if len(head) < 8:
            raise _cut_off()  # the file shrank while it was read
        self.count += 1
        if self.count > _MOST_ELEMENTS:
            raise _damaged("more elements than any plan or image has")
        group, element = self.tag_of(head)
        return int(group << 16 | element)

    def _length(self, head: bytes, at: int) -> tuple[bytes, int, int]:
        """Give VR, length of the value and where it begins."""
        if not self.explicit or head[:2] == (b"\xfe\xff" if self.little else b"\xff\xfe"):
            return b"", self.long_of(head, 4)[0], at + 8
        vr = head[4:6]
        if vr in _SHORT:
            return vr, self.short_of(head, 6)[0], at + 8
        if vr not in _LONG:
            raise _damaged("an element of unknown kind")
        if len(head) < 12:
            raise _cut_off()
        return vr, self.long_of(head, 8)[0], at + 12

    def _value(self, at: int, stop: int, inner: Wanted | None, depth: int) -> Any:
        if inner is not None:
            return self._items(at, stop, inner, depth)[0]
        value = self.take(at, min(stop - at, _LONGEST_VALUE))
        if len(value) < min(stop - at, _LONGEST_VALUE):
            raise _cut_off()  # the file shrank while it was read
        return value

    def _undefined(self, tag: int, vr: bytes, at: int, end: int, wanted: Wanted, found: Found, depth: int) -> int:
        """Step through a sequence, or through encapsulated pixels, up to its delimiter."""
        if vr in (b"OB", b"OW") or tag in PIXELS:
            if tag in PIXELS and depth == 0:
                self.pixel_bytes = -1
            return self._fragments(at, end)
        inner = wanted.get(tag)
        before = self.explicit
        self.explicit = before and vr != b"UN"  # PS3.5 6.2.2: UN of undefined length is implicit VR
        items, at = self._items(at, end, inner or {}, depth, delimited=True)
        self.explicit = before
        if inner is not None:
            found[tag] = items
        return at

    def _items(
        self, at: int, end: int, wanted: Wanted, depth: int, *, delimited: bool = False
    ) -> tuple[list[Found], int]:
        items: list[Found] = []
        while at < end:
            head = self.take(at, min(8, end - at))
            tag, length, at = self._tag(head), self.long_of(head, 4)[0], at + 8
            if tag == _SEQUENCE_END and delimited:
                return items, at
            if tag != _ITEM:
                raise _damaged("a sequence without items")
            stop = end if length == _UNDEFINED else at + length
            if stop > end:
                raise _cut_off()
            if length != _UNDEFINED and not wanted:
                at = stop
                continue
            item, at = self.elements(at, stop, wanted, depth + 1)
            items += [item] if wanted else []
            self._count_items(len(items))
        if delimited:
            raise _cut_off()
        return items, at

    def _count_items(self, count: int) -> None:
        if count > _MOST_ITEMS:
            raise _damaged("more items in a sequence than any plan has")

    def _fragments(self, at: int, end: int) -> int:
        while at < end:
            head = self.take(at, 8)
            tag = self._tag(head)
            if tag == _SEQUENCE_END:
                return at + 8
            if tag != _ITEM:
                raise _damaged("pixels without fragments")
            at += 8 + int(self.long_of(head, 4)[0])
        raise _cut_off()
