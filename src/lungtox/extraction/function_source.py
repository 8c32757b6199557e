"""The function image of one patient, and the way from the plan's frame of reference to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lungtox.dicom import FunctionImage, Registration, read_function_image, read_registration
from lungtox.dose import Samples
from lungtox.errors import Fault, InputError
from lungtox.geometry import RigidMap
from lungtox.imaging import FrameMap, RegistrationQuality, map_frames, sample_function


@dataclass(frozen=True)
class PlacedFunction:
    """A function image that can be looked up at points of the plan.

    Attributes
    ----------
    image : FunctionImage
    to_image : FrameMap
        From the plan's frame of reference to that of the image.
    """

    image: FunctionImage
    to_image: FrameMap

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be said of the image and of its registration."""
        return (*self.image.warnings, *self.to_image.warnings)

    def at(self, samples: Samples, *, who: str) -> Any:
        """Give local function at the samples of a structure, shape (n,); InputError as `sample_function` says."""
        return sample_function(
            self.image,
            samples.x_mm,
            samples.y_mm,
            samples.z_mm,
            volume_cc=samples.volume_cc,
            to_image=self.to_image,
            who=who,
        )

    def registration_figures(self, samples: Samples) -> dict[str, Any]:
        """Give the entry ``registration`` of qa.json, with the mean shift of a structure's samples."""
        shift_mm = self.to_image.mean_shift_mm(samples.x_mm, samples.y_mm, samples.z_mm, volume_cc=samples.volume_cc)
        angle_deg = self.to_image.rotation_deg
        figures: dict[str, Any] = {
            "kind": self.to_image.kind,
            "objects": self.to_image.objects,
            "deformable": self.to_image.deformable,
            "shift_mm": [round(value, 3) for value in shift_mm],
            "rotation_deg": None if angle_deg is None else round(angle_deg, 3),
        }
        quality = self.to_image.quality
        if quality is None or not isinstance(self.to_image.points, RigidMap):
            return figures
        matrix = np.column_stack([self.to_image.points.rotation, self.to_image.points.shift_mm]).tolist()
        return {**figures, "matrix": matrix, "quality": _quality_figures(quality)}


def place_function(
    path: str | Path,
    registrations: Sequence[str | Path] = (),
    *,
    frame_of_reference: str,
    who: str,
    images: Callable[[FunctionImage], FrameMap | None] | None = None,
) -> PlacedFunction:
    """Read a function image and find the way from the plan to it.

    Parameters
    ----------
    path : str or Path
        File or folder of the image.
    registrations : sequence of str or Path
        Registration objects in any order; not read where the image lies in the frame of the plan.
    frame_of_reference : str
        That of the plan.
    who : str
        Stands at the front of every message: a study ID.
    images : callable, optional
        Registers the images where there are no registration objects; None where the patient has no images for it.

    Raises
    ------
    InputError
        All faults of the image and of the registration objects; or there is no single way between the two frames.
    """
    faults: list[Fault] = []
    image: FunctionImage | None = None
    try:
        image = read_function_image(path, who=who)
    except InputError as error:
        faults += error.faults
    if image is not None and image.frame_of_reference == frame_of_reference:
        return PlacedFunction(image, FrameMap.same_frame(unused=len(registrations)))
    if image is not None and images is not None and not registrations:
        registered = images(image)
        if registered is not None:
            return PlacedFunction(image, registered)
    objects: list[Registration] = []
    for one in registrations:
        try:
            objects.append(read_registration(one, who=who))
        except InputError as error:
            faults += error.faults
    if image is None or faults:
        raise InputError(dict.fromkeys(faults))
    found = map_frames(objects, origin=frame_of_reference, destination=image.frame_of_reference, who=who)
    return PlacedFunction(image, found)


def _quality_figures(quality: RegistrationQuality) -> dict[str, Any]:
    """Round for reading; the matrix of the entry itself stays as it is."""
    figures = {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(quality).items()}
    return {**figures, "frames_apart_mm": [round(value, 3) for value in quality.frames_apart_mm]}
