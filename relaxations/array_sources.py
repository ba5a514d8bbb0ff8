"""Arrays that are read a few rows at a time, from memory or from a file, by this process or by another one.

A source knows its shape and data type, gives rows on demand and can be sent to another machine: what travels is
the place of the array in its file, never the array, unless it lives in memory only.

    .npy                  mapped                       .safetensors   slices, by the safetensors library
    .npz, uncompressed    mapped inside the archive    .npz, compressed   read whole

Nothing is ever unpickled: an array of Python objects is refused by its header.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

#: A compressed member may unpack to at most this many bytes: it is read whole.
MAX_COMPRESSED = 4 * 2**30

AnyArray = npt.NDArray[Any]


class ArraySource(Protocol):
    """An array of which rows can be read; picklable."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The whole shape."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The data type of the rows."""

    def rows(self, start: int, stop: int) -> AnyArray:
        """Rows ``start`` to ``stop`` (the latter excluded); may be a read-only view."""

    def part(self, start: int, stop: int) -> ArraySource:
        """A source of those rows alone, as cheap to send as they are to find."""


@dataclass(frozen=True, eq=False)
class InMemory:
    """An array in memory."""

    array: AnyArray

    @property
    def shape(self) -> tuple[int, ...]:
        """See :class:`ArraySource`."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """See :class:`ArraySource`."""
        return self.array.dtype

    def rows(self, start: int, stop: int) -> AnyArray:
        """See :class:`ArraySource`."""
        return self.array[start:stop]

    def part(self, start: int, stop: int) -> ArraySource:
        """See :class:`ArraySource`."""
        return InMemory(self.array[start:stop])


@dataclass(frozen=True)
class Mapped:
    """``shape[0]`` rows of raw numbers at byte ``offset`` of a file, row-major."""

    path: str
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def rows(self, start: int, stop: int) -> AnyArray:
        """See :class:`ArraySource`."""
        part = self._part(start, stop)
        if 0 in part.shape:
            return np.zeros(part.shape, part.dtype)
        return np.memmap(part.path, part.dtype, "r", part.offset, part.shape)

    def part(self, start: int, stop: int) -> ArraySource:
        """See :class:`ArraySource`."""
        return self._part(start, stop)

    def _part(self, start: int, stop: int) -> Mapped:
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        step = self.dtype.itemsize * math.prod(self.shape[1:])
        return Mapped(self.path, self.offset + start * step, (max(stop - start, 0), *self.shape[1:]), self.dtype)


@dataclass(frozen=True)
class Safetensor:
    """Rows ``first`` on of a tensor in a ``.safetensors`` file."""

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    first: int = 0

    def rows(self, start: int, stop: int) -> AnyArray:
        """See :class:`ArraySource`."""
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        with _safetensors()(self.path, framework="numpy") as stream:
            piece = stream.get_slice(self.name)
            return cast("AnyArray", piece[self.first + start : self.first + max(stop, start)])

    def part(self, start: int, stop: int) -> ArraySource:
        """See :class:`ArraySource`."""
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        return Safetensor(self.path, self.name, (max(stop - start, 0), *self.shape[1:]), self.dtype, self.first + start)


def whole(source: ArraySource) -> AnyArray:
    """All rows, as an array in memory."""
    if len(source.shape) == 0:
        raise ValueError("a single number; expected an array")
    return np.array(source.rows(0, source.shape[0]))


def read_arrays(path: Path | str) -> tuple[dict[str, ArraySource], dict[str, str]]:
    """The arrays of a ``.npz`` or ``.safetensors`` file or of a folder of ``.npy`` files, and its metadata.

    Metadata is what a ``.safetensors`` file says of itself (texts by name), else empty.  Raises ``ValueError`` that
    says what is wrong with the file, ``OSError`` if it cannot be opened, ``ImportError`` with the remedy where the
    safetensors library is missing.
    """
    path = Path(path)
    if path.is_dir():
        arrays = {file.name[: -len(".npy")]: _npy(file) for file in sorted(path.glob("*.npy"))}
        if not arrays:
            raise ValueError(f"{path}: a folder without .npy files; expected features.npy, labels.npy, ...")
        return arrays, {}
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if path.suffix == ".npz":
        return _read_npz(path), {}
    raise ValueError(f"{path}: expected a .npz or .safetensors file, or a folder of .npy files")


# --------------------------------------------------------------------------- NumPy's formats


def _header(stream: Any, where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, is it column-major, data type; the stream is left at the first number."""
    try:
        version = np.lib.format.read_magic(stream)
        reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, fortran, dtype = reader(stream)
    except (ValueError, KeyError, EOFError) as error:
        raise ValueError(f"{where}: not a .npy array ({error})") from None
    if dtype.hasobject:
        raise ValueError(f"{where}: an array of Python objects, which would have to be unpickled; save plain numbers")
    return shape, fortran, dtype


def _mapped(path: Path, stream: Any, where: str, end: int) -> ArraySource:
    """The array whose header is next in ``stream`` and whose numbers must end by byte ``end``."""
    shape, fortran, dtype = _header(stream, where)
    offset, size = stream.tell(), dtype.itemsize * math.prod(shape)
    if offset + size > end:
        raise ValueError(f"{where}: truncated; its header promises {size} bytes, {max(end - offset, 0)} are there")
    if len(shape) == 0 or (fortran and len(shape) > 1 and 0 not in shape):
        # column-major: rows are not contiguous, so it is read whole
        array = np.frombuffer(stream.read(size), dtype).reshape(shape, order="F" if fortran else "C")
        return InMemory(np.ascontiguousarray(array))
    return Mapped(str(path.resolve()), offset, shape, dtype)


def _npy(path: Path) -> ArraySource:
    with open(path, "rb") as stream:
        return _mapped(path, stream, str(path), path.stat().st_size)


def _read_npz(path: Path) -> dict[str, ArraySource]:
    """Members of the archive, mapped where they are stored as they are."""
    arrays: dict[str, ArraySource] = {}
    try:
        with zipfile.ZipFile(path) as archive, open(path, "rb") as stream:
            for member in archive.infolist():
                if not member.filename.endswith(".npy"):
                    continue
                name = member.filename[: -len(".npy")]
                where = f"{path}: {name}"
                if name in arrays:
                    raise ValueError(f"{where}: occurs twice")
                if member.flag_bits & 1:
                    raise ValueError(f"{where}: encrypted")
                if member.compress_type == zipfile.ZIP_STORED:
                    # the local header may have another length than the central one
                    stream.seek(member.header_offset)
                    local = stream.read(30)
                    if len(local) < 30 or local[:4] != b"PK\x03\x04":
                        raise ValueError(f"{where}: damaged archive")
                    stream.seek(sum(struct.unpack("<HH", local[26:30])), io.SEEK_CUR)
                    arrays[name] = _mapped(path, stream, where, stream.tell() + member.file_size)
                    if isinstance(arrays[name], Mapped) and path.stat().st_size < stream.tell() + _bytes(arrays[name]):
                        raise ValueError(f"{where}: truncated")
                    continue
                if member.file_size > MAX_COMPRESSED:
                    raise ValueError(f"{where}: compressed and too large to read whole; save it by np.savez")
                with archive.open(member) as packed:
                    shape, fortran, dtype = _header(packed, where)
                    size = dtype.itemsize * math.prod(shape)
                    data = packed.read(size) if size <= member.file_size else b""
                    if len(data) != size:
                        raise ValueError(f"{where}: truncated")
                array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
                arrays[name] = InMemory(np.ascontiguousarray(array))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, struct.error) as error:
        raise ValueError(f"{path}: not a .npz archive ({error})") from None
    return arrays


def _bytes(source: ArraySource) -> int:
    return source.dtype.itemsize * math.prod(source.shape)


# --------------------------------------------------------------------------- safetensors

#: Names of data types in the format, as NumPy knows them.
SAFE_TYPES: Mapping[str, str] = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def _safetensors() -> Any:
    try:
        from safetensors import safe_open
    except ImportError:
        raise ImportError(
            "reading .safetensors needs the safetensors library: pip install 'multitask-collapse[audit]', "
            "or save the arrays by numpy.savez"
        ) from None
    return safe_open


def _read_safetensors(path: Path) -> tuple[dict[str, ArraySource], dict[str, str]]:
    open_file = _safetensors()
    if not path.exists():
        raise FileNotFoundError(2, "No such file or directory", str(path))
    arrays: dict[str, ArraySource] = {}
    try:
        with open_file(str(path), framework="numpy") as stream:
            metadata = dict(stream.metadata() or {})
            for name in stream.keys():  # noqa: SIM118  (no mapping, it has no __iter__)
                piece = stream.get_slice(name)
                kind = str(piece.get_dtype())
                if kind not in SAFE_TYPES:
                    raise ValueError(f"{path}: {name} has data type {kind}; save it as float32")
                arrays[name] = Safetensor(
                    str(path.resolve()), name, tuple(piece.get_shape()), np.dtype(SAFE_TYPES[kind])
                )
    except ValueError:
        raise
    except Exception as error:  # the library's own SafetensorError derives from Exception alone
        raise ValueError(f"{path}: not a .safetensors file ({error})") from None
    return arrays, metadata
