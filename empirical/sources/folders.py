"""A folder of images, one folder a class, or an archive of one (.tar, .tar.gz, .tar.xz, .tar.bz2).

    ROOT/.../CLASS/NAME.png        classes are numbered in the order of their names; within a class files by name

An archive is read member by member and never unpacked to disk, so that no path in it matters.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch

from empirical.sources.files import MissingData
from empirical.sources.labelled import LabelledImages

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm")
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
GET = "put the images there as CLASS/NAME.png (or an archive of such a folder)"


def load(where: Path, side: int | None = None, grey: bool = False) -> LabelledImages:
    """All images under ``where``, a folder or an archive: one task, one class a folder; values in [0, 1].

    ``side`` resizes to so many pixels a side (bilinear); without it all images must have one size.
    Raises :class:`MissingData`, and ``ValueError`` for a single class, unequal sizes or a file that is no image.
    """
    if not where.exists():
        raise MissingData("images", where, GET)
    entries = sorted(_archived(where) if where.is_file() else _in_folder(where), key=lambda entry: entry[0])
    if not entries:
        raise MissingData(f"images ({', '.join(SUFFIXES)})", where, GET)
    names = sorted({path.parent.name for path, _ in entries})
    if len(names) < 2 or "" in names:
        raise ValueError(f"{where}: classes {names}; expected at least two folders of images, one a class")
    images = [picture(data, str(path), side, grey) for path, data in entries]
    shapes = {image.shape for image in images}
    if len(shapes) > 1:
        raise ValueError(f"{where}: images of {len(shapes)} sizes; give a side to resize them to")
    labels = np.array([names.index(path.parent.name) for path, _ in entries], dtype=np.int64)
    stacked = torch.from_numpy(np.stack(images))
    return LabelledImages(stacked, labels[:, None], (len(names),), where.name)


def picture(data: bytes, name: str, side: int | None = None, grey: bool = False) -> np.ndarray:
    """One image file as ``(channels, height, width)`` float32 in [0, 1].  ``ValueError`` if it is none."""
    image_module = _pillow()
    try:
        image = image_module.open(io.BytesIO(data)).convert("L" if grey else "RGB")
    except (OSError, ValueError, image_module.DecompressionBombError):
        raise ValueError(f"{name}: not an image that Pillow reads") from None
    if side is not None:
        image = image.resize((side, side), image_module.Resampling.BILINEAR)
    pixels = np.asarray(image, dtype=np.float32) / 255
    return pixels[None] if grey else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _pillow() -> Any:
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "image files are read by Pillow, which is not installed; pip install 'multitask-collapse[images]'"
        ) from None
    return Image


def _in_folder(where: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    for path in where.rglob("*"):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            yield PurePosixPath(path.relative_to(where).as_posix()), path.read_bytes()


def _archived(where: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    if not where.name.endswith(ARCHIVES):
        raise ValueError(f"{where}: expected a folder or one of {', '.join(ARCHIVES)}")
    try:
        with tarfile.open(where) as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                if member.isfile() and path.suffix.lower() in SUFFIXES:
                    stream = archive.extractfile(member)
                    assert stream is not None  # a regular file has one
                    yield path, stream.read()
    except (tarfile.TarError, EOFError) as error:
        raise ValueError(f"{where}: not an archive that can be read ({error})") from None
