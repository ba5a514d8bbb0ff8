"""CelebA's attribute table: forty binary attributes of a face, any of them as tasks.

``list_attr_celeba.txt`` holds the number of images, the names of the attributes, and for every image its file name and
1 or −1 an attribute.  Source: Liu, Luo, Wang & Tang, "Deep learning face attributes in the wild" (ICCV 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from empirical.sources.files import find
from empirical.sources.folders import picture
from empirical.sources.labelled import LabelledImages
from theory.labels import IntArray

TABLE = "list_attr_celeba.txt"
GET = (
    "get img_align_celeba.zip and list_attr_celeba.txt from https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html into "
    "one folder and unzip img_align_celeba.zip there, or python -m empirical.sources.download celeba DIR (extra "
    "'download')"
)


def read_table(path: Path) -> tuple[list[str], list[str], IntArray]:
    """File names, attribute names and labels ``(N, attributes)``, 1 where the face has it, else 0.

    Raises ``ValueError`` for a table that is not of the form above.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) < 2 or not lines[0].strip().isdigit():
        raise ValueError(f"{path}: starts with {lines[:1]}; expected the number of images in the first line")
    attributes = lines[1].split()
    rows = [line.split() for line in lines[2:] if line.strip()]
    if len(rows) != int(lines[0]):
        raise ValueError(f"{path}: {len(rows)} images; the first line says {lines[0].strip()}")
    for number, row in enumerate(rows, start=3):
        if len(row) != len(attributes) + 1 or not set(row[1:]) <= {"1", "-1"}:
            raise ValueError(f"{path}: line {number}: expected a file name and {len(attributes)} entries 1 or -1")
    labels = np.array([[entry == "1" for entry in row[1:]] for row in rows], dtype=np.int64)
    return [row[0] for row in rows], attributes, labels


def load(folder: Path, attributes: Sequence[str], limit: int | None = None, side: int = 64) -> LabelledImages:
    """The first ``limit`` faces in ``folder``/img_align_celeba, ``side`` pixels a side, a binary task an attribute.

    Raises :class:`empirical.sources.files.MissingData`, and ``ValueError`` for an unknown attribute.
    """
    names, known, labels = read_table(find(folder, (TABLE,), "CelebA's attribute table", GET))
    unknown = [name for name in attributes if name not in known]
    if unknown or not attributes:
        raise ValueError(f"attributes: {unknown or 'none'}; expected some of {', '.join(known)}")
    chosen = names[:limit]
    files = [find(folder / "img_align_celeba", (name,), "an image of CelebA", GET) for name in chosen]
    images = np.stack([picture(path.read_bytes(), str(path), side) for path in files])
    columns = labels[: len(chosen), [known.index(name) for name in attributes]]
    return LabelledImages(torch.from_numpy(images), columns, (2,) * len(attributes), f"celeba-{'-'.join(attributes)}")
