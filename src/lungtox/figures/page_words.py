"""Sentences of a patient's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lungtox.figures.language import translate, translate_label

if TYPE_CHECKING:
    from lungtox.extraction import PatientPicture
    from lungtox.figures.config import FiguresSettings

MINUS = "\N{MINUS SIGN}"


def plan_words(entry: Mapping[str, Any], *, settings: FiguresSettings) -> str:
    """Say prescription, fractions and technique, as far as the plan tells."""
    dose_gy, fractions = entry["prescription_gy"], entry["fractions"]
    parts = []
    if dose_gy is not None and fractions is not None:
        parts.append(translate(settings, "{dose:g} Gy in {fractions} fractions", dose=dose_gy, fractions=fractions))
    elif dose_gy is not None:
        parts.append(f"{dose_gy:g} Gy")
    elif fractions is not None:
        parts.append(translate(settings, "{fractions} fractions", fractions=fractions))
    if entry["technique"]:
        parts.append(str(entry["technique"]))
    return ", ".join(parts)


def plane_words(picture: PatientPicture, *, settings: FiguresSettings) -> str:
    """Say through which point the planes go."""
    at = ", ".join(f"{axis} {value:.0f}" for axis, value in zip("xyz", picture.centre_mm, strict=True))
    centre = translate_label(settings, picture.centre_of)
    return translate(settings, "Planes through the {centre} ({at} mm).", centre=centre, at=at.replace("-", MINUS))


def function_words(entry: Mapping[str, Any], *, settings: FiguresSettings) -> str:
    """Say how the SPECT came to lie upon the planning CT."""
    function = entry["function"]
    registration = function.get("registration")
    if function["status"] == "none":
        return translate(settings, "Without SPECT.")
    if function["status"] != "ok" or registration is None:
        return translate(settings, "SPECT not used: see the flags.")
    moved = ", ".join(f"{value:.1f}" for value in registration["shift_mm"]).replace("-", MINUS)
    angle = registration["rotation_deg"]
    turned = translate(settings, "deformed")
    if angle is not None:
        turned = translate(settings, "turned by {angle:.1f}\N{DEGREE SIGN}", angle=angle)
    if registration["kind"] == "object":
        count = registration["objects"]
        if count == 1:
            return translate(
                settings,
                "SPECT brought to the plan over a registration object (x, y, z {moved} mm; {turned}).",
                moved=moved, turned=turned,
            )  # fmt: skip
        return translate(
            settings,
            "SPECT brought to the plan over {count} registration objects (x, y, z {moved} mm; {turned}).",
            count=count, moved=moved, turned=turned,
        )  # fmt: skip
    if registration["kind"] == "image":
        quality = registration.get("quality") or {}
        if "lung_dice" in quality:
            turned = translate(settings, "{turned}; Dice of the lungs {dice:.2f}", turned=turned,
                               dice=quality["lung_dice"])  # fmt: skip
        method = translate_label(settings, quality.get("method", "images"))
        return translate(
            settings,
            "SPECT registered by its images, {method} (x, y, z {moved} mm; {turned}).",
            method=method, moved=moved, turned=turned,
        )  # fmt: skip
    return translate(settings, "SPECT in the plan's frame of reference.")
