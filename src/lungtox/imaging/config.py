"""Settings of the `registration` section. Light: pydantic only."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lungtox.settings import Settings


class RegistrationSettings(Settings):
    """Rigid registration of images, for a SPECT in another frame of reference that has no registration object."""

    seed: int = Field(default=1, ge=0, lt=2**31)
    """Seed of the points at which images are compared: the same files give the same result to the bit."""
    compared: Literal["lungs", "everything"] = "lungs"
    """What of the planning CT is compared: the contoured lungs with what lies within 30 mm of them (ribs, spine,
    mediastinum, diaphragm), or everything in the picture, arms and couch too."""
    min_lung_dice: float = Field(default=0.90, ge=0, le=1)
    """Smallest overlap (Dice, 0 to 1) of the lungs of both CTs, found by their Hounsfield units; less is refused.
    Right pairs of the demo have 0.97, wrong pairs of like size 0.72 to 0.90; a deep breath in one CT lowers it too."""
    min_lungs_seen_pct: float = Field(default=90.0, ge=0, le=100)
    """Share in % of the planning CT's lungs that the other image must show; less is refused."""
    max_shift_mm: float = Field(default=30.0, gt=0)
    """Largest shift in mm from the start, at which the middles of both lungs lie upon each other; more is refused."""
    max_rotation_deg: float = Field(default=15.0, gt=0, le=180)
    """Largest rotation in degrees; more is refused."""
    spect_to_ct: list[str] = Field(default_factory=list)
    """Study IDs whose SPECT may be registered to the planning CT itself, because there is no CT with it. Less certain
    than CT to CT by several mm, and labelled so everywhere."""
    min_spect_dice: float = Field(default=0.60, ge=0, le=1)
    """As min_lung_dice, for `spect_to_ct`: overlap of the lungs with the SPECT at 20 % of its robust maximum."""


class DeformableSettings(Settings):
    """Deformable registration of the planning CT to the CBCT of a session, where no field is given."""

    method: Literal["bspline", "demons"] = "bspline"
    """`bspline`: free-form deformation compared by mutual information, for CBCT whose numbers are not HU. `demons`:
    differences of HU, for images of one kind."""
    seed: int = Field(default=1, ge=0, lt=2**31)
    """Seed of the points at which images are compared."""
    control_mm: float = Field(default=40.0, ge=10, le=200)
    """Distance of the control points of the B-spline at the last level."""
    spacing_mm: float = Field(default=3.0, ge=1, le=10)
    """Voxels to which images are averaged before they are compared."""
    window_hu: tuple[float, float] = (-1000.0, 500.0)
    """Values are clipped to these Hounsfield units: metal and air around do not count."""
    iterations: int = Field(default=60, ge=5, le=1000)
    """Most iterations of each level."""
    smoothing_mm: float = Field(default=8.0, gt=0, le=50)
    """Standard deviation of the Gaussian that smooths a demons field."""
