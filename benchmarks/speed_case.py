"""A made-up thorax of a wanted size, as CT, RTSTRUCT and RTDOSE files, to measure time and memory with."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungtox.dicom import Subject, write_ct, write_dose, write_structures
from lungtox.errors import ParameterError
from lungtox.geometry import Grid, Image, Plane, Structure

FloatArray = NDArray[np.float64]

BOX_MM = (375.0, 512.0, 512.0)  # z, y, x of the CT and of the dose grid
PRESCRIPTION_GY = 60.0
_WAVES = 5
_ROUGHNESS = 0.015  # of the radius, for each wave along an outline


@dataclass(frozen=True)
class Organ:
    """A rounded body along z.

    Attributes
    ----------
    name : str
    middle_mm : tuple of float
        x and y of its axis.
    half_mm : tuple of float
        Half the width and half the depth where it is widest.
    low_mm, high_mm : float
        Ends along z.
    bluntness : float
        How suddenly it ends: 2 is an ellipsoid, large is a cylinder.
    """

    name: str
    middle_mm: tuple[float, float]
    half_mm: tuple[float, float]
    low_mm: float
    high_mm: float
    bluntness: float

    def width(self, z_mm: FloatArray) -> FloatArray:
        """Give the share of the largest section's radius at z; 0 outside."""
        way = np.abs(2.0 * (z_mm - self.low_mm) / (self.high_mm - self.low_mm) - 1.0)
        share: FloatArray = np.maximum(1.0 - way**self.bluntness, 0.0) ** 0.5
        return share


ORGANS = (
    Organ("Lung_L", (75.0, 0.0), (47.0, 72.0), -120.0, 115.0, 3.0),
    Organ("Lung_R", (-75.0, 0.0), (50.0, 74.0), -125.0, 115.0, 3.0),
    Organ("Heart", (20.0, -35.0), (50.0, 42.0), -110.0, 10.0, 2.5),
    Organ("Esophagus", (5.0, 40.0), (9.0, 7.0), -130.0, 130.0, 40.0),
    Organ("SpinalCord", (0.0, 75.0), (7.0, 6.0), -170.0, 170.0, 60.0),
    Organ("GTV", (-55.0, 5.0), (18.0, 20.0), 15.0, 55.0, 2.0),
    Organ("PTV", (-55.0, 5.0), (30.0, 32.0), 3.0, 67.0, 2.0),
    Organ("BODY", (0.0, 0.0), (180.0, 120.0), -180.0, 180.0, 60.0),
)


@dataclass(frozen=True)
class Case:
    """The files of a case.

    Attributes
    ----------
    struct, dose : Path
    ct_folder : Path
    organs : tuple of str
        ROI names; the first is a lung.
    """

    struct: Path
    dose: Path
    ct_folder: Path
    organs: tuple[str, ...]


def write_case(
    folder: Path,
    *,
    ct: tuple[int, int, int] = (150, 512, 512),
    dose: tuple[int, int, int] = (150, 256, 256),
    organs: int = 8,
    points: int = 180,
    slices: int | None = None,
    seed: int = 1,
) -> Case:
    """Write a case. The box is always the same: more voxels, slices or points make it finer.

    Parameters
    ----------
    folder : Path
        Made where it is missing; takes ``struct.dcm``, ``dose.dcm`` and the folder ``ct``.
    ct, dose : tuple of int
        Slices, rows, columns. By default the dose has voxels of 2.5 x 2 x 2 mm, the CT pixels of 1 mm.
    organs : int
        The first ones of `ORGANS`: at first a lung, the body last.
    points : int
        Of each contour.
    slices : int, optional
        Of the CT, and so of the contours; the default is that of ``ct``.
    seed : int
        Of the roughness of the outlines.

    Raises
    ------
    ParameterError
        More organs than there are, or fewer than one.
    """
    if not 1 <= organs <= len(ORGANS):
        raise ParameterError(f"organs must be 1 to {len(ORGANS)}, got {organs}")
    rng = np.random.default_rng(seed)
    grid = _grid((slices or ct[0], *ct[1:]))
    subject = Subject("Speed^Case", "SPEED", f"speed case {seed}")
    structures = [
        _structure(organ, number, grid.z_mm, points, rng) for number, organ in enumerate(ORGANS[:organs], start=1)
    ]
    case = Case(folder / "struct.dcm", folder / "dose.dcm", folder / "ct", tuple(each.name for each in structures))
    write_ct(Image(grid, _hounsfield(grid)), case.ct_folder, subject=subject)
    write_structures(structures, case.struct, subject=subject, ct_planes=grid.z_mm.tolist())
    write_dose(_dose(_grid(dose)), case.dose, subject=subject)
    return case


def _grid(shape: tuple[int, int, int]) -> Grid:
    z, y, x = (length * ((np.arange(size) + 0.5) / size - 0.5) for length, size in zip(BOX_MM, shape, strict=True))
    return Grid(x, y, z)


def _structure(organ: Organ, number: int, z_mm: FloatArray, points: int, rng: np.random.Generator) -> Structure:
    turn = np.linspace(0.0, 2.0 * np.pi, points, endpoint=False)
    # Waves along the outline that drift with z, so that no two planes are alike.
    waves = np.arange(2, 2 + _WAVES)
    start, drift = rng.uniform(0.0, 2.0 * np.pi, _WAVES), rng.normal(0.0, 0.02, _WAVES)
    planes = []
    for z, width in zip(z_mm, organ.width(z_mm), strict=True):
        if width < 0.05:
            continue
        phase = waves * turn[:, None] + start + drift * z
        radius = width * (1.0 + _ROUGHNESS * np.sin(phase).sum(axis=1))
        x = organ.middle_mm[0] + organ.half_mm[0] * radius * np.cos(turn)
        y = organ.middle_mm[1] + organ.half_mm[1] * radius * np.sin(turn)
        planes.append(Plane(float(z), (np.column_stack([x, y]),)))
    return Structure(organ.name, tuple(planes), number)


def _hounsfield(grid: Grid) -> NDArray[np.float32]:
    values = np.full(grid.shape, -1000.0, dtype=np.float32)
    body, lungs = ORGANS[-1], ORGANS[:2]
    for organ, hounsfield in ((body, 0.0), *((lung, -750.0) for lung in lungs)):
        x = (grid.x_mm - organ.middle_mm[0]) / organ.half_mm[0]
        y = (grid.y_mm - organ.middle_mm[1]) / organ.half_mm[1]
        radius = x**2 + (y**2)[:, None]
        for plane, width in zip(values, organ.width(grid.z_mm), strict=True):
            plane[radius < width**2] = hounsfield
    return values


def _dose(grid: Grid) -> Image:
    """Give a high dose around the PTV and two wide beams through it, along x and y."""
    ptv = next(organ for organ in ORGANS if organ.name == "PTV")
    x = grid.x_mm - ptv.middle_mm[0]
    y = (grid.y_mm - ptv.middle_mm[1])[:, None]
    z = (grid.z_mm - 0.5 * (ptv.low_mm + ptv.high_mm))[:, None, None]

    def edge(distance: FloatArray, reach_mm: float, blur_mm: float) -> FloatArray:
        return 1.0 / (1.0 + np.exp(np.clip((np.abs(distance) - reach_mm) / blur_mm, -50.0, 50.0)))

    target = edge(np.sqrt(x**2 + y**2 + z**2), 38.0, 4.0)
    beams = edge(z, 38.0, 4.0) * (edge(x, 36.0, 4.0) * np.exp(-0.003 * y) + edge(y, 36.0, 4.0) * np.exp(0.002 * x))
    return Image(grid, PRESCRIPTION_GY * (0.55 * target + 0.22 * beams) + 0.3 * edge(z, 120.0, 20.0))


def main() -> None:
    """Write a case into a folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slices", type=int)
    parser.add_argument("--points", type=int, default=180)
    arguments = parser.parse_args()
    print(write_case(arguments.folder, slices=arguments.slices, points=arguments.points))


if __name__ == "__main__":
    main()
