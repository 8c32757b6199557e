"""Volumes of constructed structure sets (../shared/data/structure-logic)."""

import os
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lungtox.dicom import read_structures
from lungtox.dose import compute_dvh
from lungtox.geometry import Dose, Grid, Image, Plane, Structure

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("LUNGTOX_REFERENCE_DATA", PROJECT / "../shared/data")) / "structure-logic"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="reference data absent (LUNGTOX_REFERENCE_DATA)")
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def flat_dose():
    axis = np.arange(-130.0, 131.0, 5.0)
    return Dose(Image(Grid(axis, axis, axis), np.ones((axis.size,) * 3)), "frame")


def cells(sheet):
    """Give the cells of a worksheet by their address."""
    with zipfile.ZipFile(FOLDER / "Expected Volumes.xlsx") as book:
        shared = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        texts = ["".join(part.text or "" for part in item.iter(f"{MAIN}t")) for item in shared]
        found = {}
        for cell in ElementTree.fromstring(book.read(f"xl/worksheets/{sheet}.xml")).iter(f"{MAIN}c"):
            value = cell.find(f"{MAIN}v")
            if value is not None:
                found[cell.get("r")] = texts[int(value.text)] if cell.get("t") == "s" else float(value.text)
    return found


# README of the data: shells 66.0 cc (a naive sum of rings gives 195.9), spheres 131.0 cc (exact 130.9).
@pytest.mark.parametrize(
    ("file", "name", "volume_cc"),
    [
        ("MultiVolume_A1.dcm", "OverlappedShells", 66.0),
        ("MultiVolume_A1.dcm", "OverlappedSphere", 131.0),
        ("MultiVolume_A2.dcm", "AdjacentShells", 66.0),
        ("MultiVolume_A2.dcm", "AdjacentSpheres", 131.0),
    ],
)
@pytest.mark.parametrize("shape", [{}, {"between_planes": "interpolated", "end_cap": "rounded"}])
def test_shells_and_spheres(file, name, volume_cc, shape):
    structure = read_structures(FOLDER / file).named(name)
    assert compute_dvh(structure, flat_dose(), **shape).structure_cc == pytest.approx(volume_cc, rel=0.01)


def box(width_cm, *, height_cm, spacing_cm, hole=None):
    """Draw squares from one end to the other; ``hole`` gives width and half height of a square hole in the middle."""

    def ring(width):
        half = 5.0 * width
        return np.array([[-half, -half], [half, -half], [half, half], [-half, half]])

    count = round(height_cm / spacing_cm) + 1
    planes = []
    for z_mm in 10.0 * (np.arange(count) * spacing_cm - height_cm / 2):
        inner = (ring(hole[0]),) if hole and abs(z_mm) <= 10 * hole[1] + 1e-6 else ()
        planes.append(Plane(float(z_mm), (ring(width_cm), *inner)))
    return Structure("box", tuple(planes))


# Rows of the sheet "Volume Calculations"; spacing 0.1 and 0.5 cm. Column I: volume with half a slice at both ends. The
# table's own boxes are not among the files, so they are drawn here with its dimensions.
@pytest.mark.parametrize(
    ("name", "width_cm", "height_cm", "hole"),
    [
        ("BODY", 10, 10, None),
        ("6cm_box", 6, 6, None),
        ("3cm_box", 3, 3, None),
        ("3cm_hollow", 3, 10, None),
        ("6cm_box_tube", 6, 6, (3, 3)),
        ("6cm_box_w_hole", 6, 6, (3, 1.5)),
    ],
)
@pytest.mark.parametrize("first_row", [3, 16])
def test_boxes_of_the_expected_table(name, width_cm, height_cm, hole, first_row):
    table = cells("sheet2")
    row = next(row for row in range(first_row, first_row + 6) if table.get(f"A{row}") == name)
    drawn = box(width_cm, height_cm=height_cm, spacing_cm=table[f"G{row}"], hole=hole)
    assert compute_dvh(drawn, flat_dose()).total_cc == pytest.approx(table[f"I{row}"], rel=0.01)
    # Without end caps the ideal volume remains; a hole that ends inside keeps half a slice more at both ends.
    ideal_cc = table[f"H{row}"]
    if hole and 2 * hole[1] < height_cm:
        ideal_cc -= hole[0] ** 2 * table[f"G{row}"]
    assert compute_dvh(drawn, flat_dose(), end_cap="none").total_cc == pytest.approx(ideal_cc, rel=0.01)
