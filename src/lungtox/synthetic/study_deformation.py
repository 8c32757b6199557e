"""Analytic maps from the planning image to a session: a target that shrinks, lungs pressed from below, a shift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.synthetic.study_solids import Solid

FloatArray = NDArray[np.float64]
Points = tuple[FloatArray, FloatArray, FloatArray]

_WHOLE, _NONE = 1.25, 2.2
"""The target's map acts in full to the first radius, in half axes of the target, and no more from the second."""
_EVEN_BELOW_MM, _FROM_MM = -16.0, 4.0
"""The lungs give way below the second height; below the first they do so evenly."""
_HEART_BELOW_MM, _HEART_TO_MM = 16.0, 66.0
"""What lies between the lungs moves up as one below the first height, and not at all above the second."""
_MIDDLE_MM, _LUNG_MM = 28.0, 46.0
"""From the middle of the body: the first still moves with the heart, the second with the lung."""
_SPINE_MM = (0.0, 58.0)
_BONE_MM = (10.0, 28.0)
"""Nothing moves up within the first distance from the spine's axis; beyond the second it is as elsewhere."""


@dataclass(frozen=True)
class SessionMap:
    """Takes points of the planning image to where the same tissue lies in a session.

    First the target shrinks about its centre, then lungs and heart move up, then all is shifted.

    Attributes
    ----------
    target : Solid
        GTV as planned.
    target_ratio : float
        Its volume in parts of the planned one.
    press_left, press_right : float
        Share by which a height of the lower lung is pressed together; 0 for not at all, below 1.
    heart_up_mm : float
    shift_mm : tuple of float
    """

    target: Solid
    target_ratio: float = 1.0
    press_left: float = 0.0
    press_right: float = 0.0
    heart_up_mm: float = 0.0
    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __call__(self, x: FloatArray, y: FloatArray, z: FloatArray) -> Points:
        """Map points in mm; arrays of one shape."""
        x, y, z = self._shrunk(x, y, z)
        lungs, heart = self._strength(x, y)
        up = lungs * _pressed_mm(z) + heart * (1.0 - _rise(z, _HEART_BELOW_MM, _HEART_TO_MM))
        across, back, head = self.shift_mm
        return x + across, y + back, z + up + head

    def jacobian(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Give the volume of tissue in the session in parts of that at planning; it follows from the formulas."""
        radius = self.target.radius(x, y, z)
        share, slope = _fading(radius)
        stretch = 1.0 + self._scale * share
        of_target = stretch**2 * (stretch + self._scale * radius * slope)
        x, y, z = self._shrunk(x, y, z)
        lungs, heart = self._strength(x, y)
        found: FloatArray = of_target * (1.0 - lungs * pressed_share(z) - heart * _heart_slope(z))
        return found

    @property
    def _scale(self) -> float:
        return float(self.target_ratio ** (1.0 / 3.0) - 1.0)

    def _shrunk(self, x: FloatArray, y: FloatArray, z: FloatArray) -> Points:
        share = self._scale * _fading(self.target.radius(x, y, z))[0]
        cx, cy, cz = self.target.centre_mm
        return x + share * (x - cx), y + share * (y - cy), z + share * (z - cz)

    def _strength(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give how strongly a column along z is pressed, and how far it moves up with the heart."""
        free = _rise(np.hypot(x - _SPINE_MM[0], y - _SPINE_MM[1]), *_BONE_MM)
        lung = _rise(np.abs(x), _MIDDLE_MM, _LUNG_MM)
        press = np.where(x < 0.0, self.press_right, self.press_left)
        return press * lung * free, self.heart_up_mm * (1.0 - lung) * free


def press_for(lung: Solid, ratio: float, *, heart_up_mm: float) -> float:
    """Give the share by which the lower lung is pressed together, so that its volume is `ratio` parts of the planned.

    The volume is linear in that share: it is the mean of 1 - press * a - heart_up_mm * b over the lung.
    """
    axes = [np.linspace(c - h, c + h, 41) for c, h in zip(lung.centre_mm, lung.half_mm, strict=True)]
    x, y, z = (each.ravel() for each in np.meshgrid(*axes, indexing="ij"))
    inside = lung.radius(x, y, z) <= 1.0
    x, y, z = x[inside], y[inside], z[inside]
    one = SessionMap(lung, press_left=1.0, press_right=1.0, heart_up_mm=1.0)
    pressed, heart = one._strength(x, y)
    lost = 1.0 - ratio - heart_up_mm * float((heart * _heart_slope(z)).mean())
    return lost / float((pressed * pressed_share(z)).mean())


def _rise(values: FloatArray, low: float, high: float) -> FloatArray:
    """Go from 0 at `low` to 1 at `high` with a continuous slope."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    found: FloatArray = t * t * (3.0 - 2.0 * t)
    return found


def _fading(radius: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the share of the target's map at a radius, and its slope."""
    t = np.clip((radius - _WHOLE) / (_NONE - _WHOLE), 0.0, 1.0)
    return 1.0 - t * t * (3.0 - 2.0 * t), -6.0 * t * (1.0 - t) / (_NONE - _WHOLE)


def pressed_share(z: FloatArray) -> FloatArray:
    """Give in which heights the lungs are pressed: 1 in the lower part, 0 above."""
    return 1.0 - _rise(z, _EVEN_BELOW_MM, _FROM_MM)


def _pressed_mm(z: FloatArray) -> FloatArray:
    """Give the integral of that share from z up: how far tissue moves for a press of 1."""
    width = _FROM_MM - _EVEN_BELOW_MM
    t = np.clip((z - _EVEN_BELOW_MM) / width, 0.0, 1.0)
    # Integral of 1 - 3 t^2 + 2 t^3 from t to 1.
    within = width * (0.5 - (t - t**3 + 0.5 * t**4))
    found: FloatArray = within + np.maximum(_EVEN_BELOW_MM - z, 0.0)
    return found


def _heart_slope(z: FloatArray) -> FloatArray:
    """Give the share of volume that 1 mm of the heart's way up takes from the tissue above it."""
    t = np.clip((z - _HEART_BELOW_MM) / (_HEART_TO_MM - _HEART_BELOW_MM), 0.0, 1.0)
    found: FloatArray = 6.0 * t * (1.0 - t) / (_HEART_TO_MM - _HEART_BELOW_MM)
    return found
