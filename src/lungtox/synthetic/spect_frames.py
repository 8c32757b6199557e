"""Which synthetic patient's SPECT lies in which frame of reference."""

from __future__ import annotations

from typing import Literal

SpectFrame = Literal["plan", "registration", "image"]
"""The plan's; its own with a Spatial Registration object; its own with a CT to be registered to the planning CT."""


def spect_frame(index: int) -> SpectFrame:
    """Say in which frame of reference the SPECT of patient ``index`` (from 0) lies, if the patient has one.

    Of 120 patients six need their images registered (they are among those with a planning CT, see
    ``patient_files.CT_EVERY``), and of the others every third has a Spatial Registration object. The first patient has
    neither, so that the smallest demo needs nothing.
    """
    if index % 20 == 10:
        return "image"
    return "registration" if index % 3 == 1 else "plan"
