"""The boxes of the expected table of the constructed structure sets, drawn with its dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lungtox.geometry import Plane, Structure

# Width and height, width and height of a square hole in the middle; cm.
BOXES = {
    "BODY": (10.0, 10.0, 0.0, 0.0),
    "6cm_box": (6.0, 6.0, 0.0, 0.0),
    "3cm_hollow": (3.0, 10.0, 0.0, 0.0),
    "3cm_box": (3.0, 3.0, 0.0, 0.0),
    "6cm_box_w_hole": (6.0, 6.0, 3.0, 3.0),
    "6cm_box_tube": (6.0, 6.0, 3.0, 6.0),
}


def expected(table: Path) -> Iterator[tuple[str, float, float]]:
    """Give box, spacing of its planes (mm) and volume with half a slice at both ends (cc)."""
    from openpyxl import load_workbook

    spacing_column, volume_column = 6, 8
    for row in load_workbook(table, read_only=True, data_only=True)["Volume Calculations"].values:
        if row[0] in BOXES:
            yield str(row[0]), 10 * float(str(row[spacing_column])), float(str(row[volume_column]))


def draw(name: str, spacing_mm: float) -> Structure:
    """Draw squares from one end to the other."""
    width, height, hole_width, hole_height = (10 * length for length in BOXES[name])
    planes = []
    for step in range(round(height / spacing_mm) + 1):
        z = step * spacing_mm - height / 2
        hole = (_square(hole_width),) if abs(z) <= hole_height / 2 + 1e-6 and hole_width else ()
        planes.append(Plane(z, (_square(width), *hole)))
    return Structure(name, tuple(planes))


def _square(width: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return 0.5 * width * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
