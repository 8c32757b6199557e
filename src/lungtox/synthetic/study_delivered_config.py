"""simulation.yaml of a study of delivered dose, typed and closed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lungtox.settings import Settings

Ratio = Annotated[float, Field(gt=0.5, lt=1.2)]


class RatioSettings(Settings):
    """Volume at the last session in parts of that at planning; it changes evenly from session to session."""

    mean: Ratio
    """Mean over the patients, before chance."""
    sd: float = Field(ge=0, le=0.1)
    """Standard deviation over the patients."""


class SetupSettings(Settings):
    """How far the patient lies from the planned place."""

    median_mm: float = Field(ge=0, le=20)
    """Median over the patients of the length of the shift that all sessions of a patient share; any direction."""
    log_sd: float = Field(default=0.5, ge=0, le=1.5)
    """Standard deviation of the natural logarithm of that length."""
    random_sd_mm: float = Field(default=1.0, ge=0, le=5)
    """Standard deviation of the further shift of each session, along each axis."""


class HeartSettings(Settings):
    """How far the heart lies further up at the last session, as one piece; before it grows evenly."""

    mean_mm: float = Field(ge=0, le=20)
    """Mean over the patients."""
    sd_mm: float = Field(default=0.0, ge=0, le=5)
    """Standard deviation over the patients."""


class LossSettings(Settings):
    """Dose that the last session lacks everywhere, in % of the dose of the same place; before it grows evenly."""

    mean_pct: float = Field(ge=-10, le=10)
    """Mean over the patients."""
    sd_pct: float = Field(default=0.0, ge=0, le=5)
    """Standard deviation over the patients."""


class DeliveredSimulation(Settings):
    """How plans, session doses and the fields between them are simulated."""

    kind: Literal["delivered"]
    """Says which simulator reads this file."""
    seed: int = Field(ge=0)
    """Seed of everything; each patient draws a child stream from it."""
    prefix: str = Field(pattern=r"^[A-Z]{2,4}$")
    """Begins the study IDs."""
    patients: int = Field(ge=1, le=200)
    """Patients."""
    prescription_gy: float = Field(default=60.0, gt=0, le=100)
    """Prescribed dose."""
    fractions: int = Field(default=30, ge=1, le=100)
    """Fractions of the plan; the sessions share them."""
    sessions: int = Field(default=6, ge=2, le=30)
    """Sessions with an image, evenly over the course."""
    grid_mm: float = Field(default=4.0, ge=2, le=10)
    """Distance of the dose points, at planning and in the sessions."""
    field_mm: float = Field(default=5.0, ge=2, le=20)
    """Distance of the vectors."""
    v100_pct: tuple[float, float] = (94.5, 96.5)
    """Share of the PTV that gets the prescription as planned, from the lowest to the highest of the patients."""
    gtv_ratio: RatioSettings
    """Volume of the GTV, which shrinks about its centre."""
    left_lung_ratio: RatioSettings
    """Volume of the left lung, whose lower part is pressed together from below."""
    right_lung_ratio: RatioSettings
    """Volume of the right lung."""
    heart_up: HeartSettings
    """Way of the heart."""
    setup: SetupSettings
    """Shifts."""
    dose_loss: LossSettings
    """Dose that the sessions lack."""
