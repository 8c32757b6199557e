"""Reading the one field of a Deformable Spatial Registration, as a map from the plan to a session."""

from __future__ import annotations

from pathlib import Path

from lungtox.geometry import DeformationField


def read_deformation(path: str | Path, *, who: str = "REG") -> DeformationField:
    """Read the field that leads from the registered frame (that of the plan) to the source (that of the session).

    Raises
    ------
    InputError
        As `read_registration`; no field, or several.
    """
    raise NotImplementedError
