"""Settings of the `dvh_curve` section. Light: pydantic only."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from lungtox.errors import Fault
from lungtox.settings import Settings

Model = Literal["gaussian", "fermi", "mixture"]
AxisName = Literal["left_right", "anterior_posterior", "superior_inferior"]


class DvhCurveSettings(Settings):
    """Models fitted to cumulative DVHs of a structure that is moved, as a couch shift or breathing moves it."""

    structure: str
    """Structure of `dose.structures` that is moved in the dose, such as the GTV."""
    shifts_mm: dict[AxisName, list[float]] = Field(
        default={"superior_inferior": [-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0]}
    )
    """Axis -> shifts in mm, 0 among them; positive towards the patient's left, back and head."""
    breathing_mm: list[Annotated[float, Field(gt=0)]] = Field(default_factory=list)
    """Amplitudes of breathing, from end to end in mm, along the first axis: the dose blurred by the motion."""
    breathing_pattern: Literal["sine", "lujan"] = "lujan"
    """`sine`: as long at both ends. `lujan`: cos^4, longer at the end of exhalation, which is the planned position."""
    margin_mm: float | None = Field(default=None, ge=0)
    """Margin from the structure to the edge of the target that was planned; shifts beyond it are marked."""
    models: list[Model] = Field(default=["gaussian", "fermi"], min_length=1)
    """Curves that are fitted: `gaussian` and `fermi` (2 parameters), `mixture` of two Gaussian edges (5)."""
    step_gy: float = Field(default=0.2, gt=0, le=5)
    """Distance of the points of a curve. AIC grows with their number: it compares fits to the same points only."""
    window_gy: tuple[float, float] | None = None
    """Lowest and highest dose of the points; left out: from 0 to the highest dose."""

    @field_validator("shifts_mm")
    @classmethod
    def _zero_is_among_them(cls, shifts_mm: dict[str, list[float]]) -> dict[str, list[float]]:
        for axis, shifts in shifts_mm.items():
            if 0.0 not in shifts or len(shifts) != len(set(shifts)) or max(map(abs, shifts)) > 100:
                raise ValueError(f"shifts along {axis}: each once, at most 100 mm, and 0 among them")
        if not shifts_mm:
            raise ValueError("at least one axis")
        return shifts_mm

    @model_validator(mode="after")
    def _window_ascends(self) -> DvhCurveSettings:
        if self.window_gy is not None and not 0 <= self.window_gy[0] < self.window_gy[1]:
            raise ValueError("window_gy with the lower dose first")
        if len(self.models) != len(set(self.models)):
            raise ValueError("each model once")
        return self


def unknown_moved(settings: DvhCurveSettings, structures: Collection[str]) -> Iterator[Fault]:
    """Find a structure that the config does not analyse."""
    if settings.structure not in structures:
        known = f"Known: {', '.join(structures)}."
        expected = "a structure of dose.structures"
        yield Fault("config: dvh_curve.structure", expected, repr(settings.structure), known, "config-reference")
