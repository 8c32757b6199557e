"""Rigid registration of two images of one chest by their mutual information (docs/methods/registration.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import Fault, FitError, InputError
from lungtox.geometry import Grid, Image, RigidMap, interpolate
from lungtox.imaging.lungs import BoolArray, coarsened, find_counts, find_lungs, middle_mm, step_mm
from lungtox.imaging.mutual_information import optimise

if TYPE_CHECKING:  # pydantic is slow to import
    from lungtox.imaging.config import RegistrationSettings

FloatArray = NDArray[np.float64]
Points = tuple[FloatArray, FloatArray, FloatArray]
Method = Literal["CT to CT", "SPECT to CT"]

_SPACING_MM = 4.0
"""Images are averaged to about this before they are compared."""
_MARGIN_MM = 30.0
_OVERLAP_VOXELS = 500_000
"""With more, every second row and column tells how far lungs overlap."""
_ACTION = (
    "Look at both images; give a registration object that a person has checked, or leave this SPECT out. The limits are"
    " in section registration of the config."
)


@dataclass(frozen=True)
class RegistrationQuality:
    """How well two images lie upon each other.

    Attributes
    ----------
    method : str
        ``CT to CT``, or ``SPECT to CT`` where there is no CT with the SPECT.
    lung_dice, lung_dice_start : float
        Overlap of the lungs where both images show something, 0 to 1: at the end, and with their middles upon each
        other. For SPECT to CT the lungs of the CT and the SPECT at 20 % of its robust maximum.
    mutual_information, mutual_information_start : float
        In nats, of the compared points.
    lungs_seen_pct : float
        Share of the planning CT's lungs that lies within the other image.
    shift_mm : float
        How far the middle of the planning CT's lungs went from the start.
    frames_apart_mm : tuple of float
        Along x, y and z: where that middle lies in the other image's frame of reference less where it lies in the
        planning CT's. Two scanners place their origins as they like.
    rotation_deg : float
        About its axis.
    iterations : int
        Over all levels.
    converged : bool
        False where the last level used all of its iterations.
    """

    method: Method
    lung_dice: float
    lung_dice_start: float
    mutual_information: float
    mutual_information_start: float
    lungs_seen_pct: float
    shift_mm: float
    frames_apart_mm: tuple[float, float, float]
    rotation_deg: float
    iterations: int
    converged: bool


@dataclass(frozen=True)
class ImageRegistration:
    """A rigid map found by comparing images.

    Attributes
    ----------
    mapping : RigidMap
        From the planning CT's frame of reference to that of the other image.
    quality : RegistrationQuality
    """

    mapping: RigidMap
    quality: RegistrationQuality

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the results must know."""
        found = []
        if self.quality.method == "SPECT to CT":
            found.append("the SPECT was registered to the planning CT itself, without a CT of its own")
        if not self.quality.converged:
            found.append("the registration of images stopped before it converged")
        return tuple(found)


@dataclass(frozen=True)
class _Pair:
    """Both images on coarse voxels, with their lungs."""

    fixed: Image
    moving: Image
    fixed_lungs: BoolArray
    moving_lungs: BoolArray

    def start(self) -> RigidMap:
        """Lay the middles of the lungs upon each other."""
        here = middle_mm(self.fixed.grid, self.fixed_lungs)
        return RigidMap(np.eye(3), middle_mm(self.moving.grid, self.moving_lungs) - here)


def register_images(
    planning: Image,
    moving: Image,
    *,
    settings: RegistrationSettings,
    who: str,
    method: Method = "CT to CT",
    lungs_mm: Points | None = None,
) -> ImageRegistration:
    """Find the rotation and shift that lay an image upon the planning CT.

    Parameters
    ----------
    planning : Image
        Planning CT in HU.
    moving : Image
        CT of the SPECT/CT in HU, or a SPECT.
    settings : RegistrationSettings
        What is compared, the seed, and what is refused.
    who : str
        Stands at the front of every message: a study ID.
    method : str
        What `moving` is.
    lungs_mm : tuple of ndarray, each of shape (points,), optional
        x, y and z of points within the contoured lungs, a few mm apart, in the planning CT's frame of reference. They
        and what lies within 30 mm are compared, unless the settings want everything.

    Returns
    -------
    ImageRegistration

    Raises
    ------
    InputError
        No lungs in one of the images; a registration that fails; one that the settings refuse.

    Notes
    -----
    Mattes mutual information (IEEE Trans Med Imaging 2003; 22: 120-128) with 32 bins at random points of a fixed seed,
    regular-step gradient descent, three levels. One ITK thread, so that the same images give the same bits.
    """
    pair = _prepare(planning, moving, method=method, who=who)
    start = pair.start()
    region = None
    if lungs_mm is not None and settings.compared == "lungs":
        region = _around(pair.fixed.grid, lungs_mm, who=who)
    here = middle_mm(pair.fixed.grid, pair.fixed_lungs)
    try:
        found = optimise(pair.fixed, pair.moving, start=start, centre_mm=here, region=region, seed=settings.seed)
    except FitError:
        expected, few = "images that can be registered", "too few points of the planning CT within the other image"
        raise InputError(Fault(who, expected, few, _ACTION, "registration-failed")) from None
    dice, seen_pct = _overlap(pair, found.mapping)
    apart_mm = found.mapping.rotation @ here + found.mapping.shift_mm - here
    quality = RegistrationQuality(
        method=method,
        lung_dice=dice,
        lung_dice_start=_overlap(pair, start)[0],
        mutual_information=found.information,
        mutual_information_start=found.information_start,
        lungs_seen_pct=seen_pct,
        shift_mm=float(np.linalg.norm(apart_mm - start.shift_mm)),
        frames_apart_mm=(float(apart_mm[0]), float(apart_mm[1]), float(apart_mm[2])),
        rotation_deg=found.mapping.angle_deg,
        iterations=found.iterations,
        converged=found.converged,
    )
    if faults := _refusals(quality, settings, who=who):
        raise InputError(faults)
    return ImageRegistration(found.mapping, quality)


def _prepare(planning: Image, moving: Image, *, method: Method, who: str) -> _Pair:
    fixed, other = (coarsened(image, spacing_mm=_SPACING_MM) for image in (planning, moving))
    fixed_lungs = find_lungs(fixed)
    moving_lungs = find_lungs(other) if method == "CT to CT" else find_counts(other)
    name = "the CT of the SPECT/CT" if method == "CT to CT" else "the SPECT"
    faults = [
        Fault(
            who,
            f"lungs in {what}",
            "no air of 200 cc within the body" if lungs is fixed_lungs or method == "CT to CT" else "no counts",
            "Check that it is the chest of this patient.",
            "registration-lungs",
        )
        for what, lungs in (("the planning CT", fixed_lungs), (name, moving_lungs))
        if not lungs.any()
    ]
    if faults:
        raise InputError(faults)
    return _Pair(fixed, other, fixed_lungs, moving_lungs)


def _around(grid: Grid, points_mm: Points, *, who: str) -> BoolArray:
    """Mark the voxels within the margin of any of the points."""
    from scipy import ndimage

    marked = np.zeros(grid.shape, dtype=bool)
    index, inside = [], np.ones(points_mm[0].shape, dtype=bool)
    axes = (grid.x_mm, grid.y_mm, grid.z_mm)
    for centres, place in zip(axes, grid.along_axes(*points_mm), strict=True):
        nearest = np.rint((place - centres[0]) / step_mm(centres)).astype(np.intp)
        inside &= (nearest >= 0) & (nearest < centres.size)
        index.append(nearest)
    marked[index[2][inside], index[1][inside], index[0][inside]] = True
    if not marked.any():
        expected, found = "a planning CT that shows the contoured lungs", "none of them"
        raise InputError(Fault(who, expected, found, "Give the CT of the structure set.", "registration-plan"))
    steps = [step_mm(centres) for centres in (grid.z_mm, grid.y_mm, grid.x_mm)]
    near: BoolArray = ndimage.distance_transform_edt(~marked, sampling=steps) <= _MARGIN_MM
    return near


def _overlap(pair: _Pair, mapping: RigidMap) -> tuple[float, float]:
    """Give the Dice of the lungs where both images show something, and the share in % of the planning lungs there."""
    grid = pair.fixed.grid
    step = 2 if pair.fixed.values.size > _OVERLAP_VOXELS else 1
    places = np.meshgrid(grid.z_mm, grid.y_mm[::step], grid.x_mm[::step], indexing="ij")
    z, y, x = (axis.ravel() for axis in places)
    if grid.turn is not None:
        x, y, z = (row[0] * x + row[1] * y + row[2] * z for row in grid.turn.T)
    share = interpolate(Image(pair.moving.grid, pair.moving_lungs.astype(np.float32)), *mapping(x, y, z))
    seen, own = ~np.isnan(share), pair.fixed_lungs[:, ::step, ::step].ravel()
    other = np.nan_to_num(share) >= 0.5
    both = int((own & other).sum())
    sizes = int((own & seen).sum()) + int(other.sum())
    return 2.0 * both / sizes if sizes else 0.0, 100.0 * int((own & seen).sum()) / int(own.sum())


def _refusals(quality: RegistrationQuality, settings: RegistrationSettings, *, who: str) -> list[Fault]:
    least = settings.min_lung_dice if quality.method == "CT to CT" else settings.min_spect_dice
    rules = (
        (
            quality.lung_dice < least,
            f"lungs that overlap with a Dice of at least {least:g} after registration",
            f"{quality.lung_dice:.3f}",
            "registration-dice",
        ),
        (
            quality.lungs_seen_pct < settings.min_lungs_seen_pct,
            f"{settings.min_lungs_seen_pct:g} % of the lungs within the registered image",
            f"{quality.lungs_seen_pct:.3g} %",
            "registration-seen",
        ),
        (
            quality.shift_mm > settings.max_shift_mm,
            f"a shift of at most {settings.max_shift_mm:g} mm from lungs laid upon each other",
            f"{quality.shift_mm:.1f} mm",
            "registration-shift",
        ),
        (
            quality.rotation_deg > settings.max_rotation_deg,
            f"a rotation of at most {settings.max_rotation_deg:g} degrees",
            f"{quality.rotation_deg:.1f} degrees",
            "registration-rotation",
        ),
    )
    return [Fault(who, expected, found, _ACTION, code) for refused, expected, found, code in rules if refused]
