"""Sentences of a patient's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lungtox.extraction import PatientPicture

MINUS = "\N{MINUS SIGN}"


def plan_words(entry: Mapping[str, Any]) -> str:
    """Say prescription, fractions and technique, as far as the plan tells."""
    dose_gy, fractions = entry["prescription_gy"], entry["fractions"]
    parts = []
    if dose_gy is not None:
        parts.append(f"{dose_gy:g} Gy" + ("" if fractions is None else f" in {fractions} fractions"))
    elif fractions is not None:
        parts.append(f"{fractions} fractions")
    if entry["technique"]:
        parts.append(str(entry["technique"]))
    return ", ".join(parts)


def plane_words(picture: PatientPicture) -> str:
    """Say through which point the planes go."""
    x, y, z = picture.centre_mm
    return f"Planes through the {picture.centre_of} (x {x:.0f}, y {y:.0f}, z {z:.0f} mm).".replace("-", MINUS, 3)


def function_words(entry: Mapping[str, Any]) -> str:
    """Say how the SPECT came to lie upon the planning CT."""
    function = entry["function"]
    registration = function.get("registration")
    if function["status"] == "none":
        return "Without SPECT."
    if function["status"] != "ok" or registration is None:
        return "SPECT not used: see the flags."
    moved = ", ".join(f"{value:.1f}" for value in registration["shift_mm"]).replace("-", MINUS)
    angle = registration["rotation_deg"]
    turned = "deformed" if angle is None else f"turned by {angle:.1f}\N{DEGREE SIGN}"
    if registration["kind"] == "object":
        count = registration["objects"]
        objects = "a registration object" if count == 1 else f"{count} registration objects"
        return f"SPECT brought to the plan over {objects} (x, y, z {moved} mm; {turned})."
    if registration["kind"] == "image":
        quality = registration.get("quality") or {}
        dice = f"; Dice of the lungs {quality['lung_dice']:.2f}" if "lung_dice" in quality else ""
        method = quality.get("method", "images")
        return f"SPECT registered by its images, {method} (x, y, z {moved} mm; {turned}{dice})."
    return "SPECT in the plan's frame of reference."
