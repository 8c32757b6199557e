"""Plasma cytokines of the demo cohort, before RT and at 40-50 Gy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lungtox.synthetic.patient import PatientTraits
from lungtox.synthetic.streams import child_stream

PATIENTS_PER_PLATE = 20
PLATE_LOG_SD = 0.08
MISSED_DRAW_SHARE = 0.03
"""The patient was not drawn at that time: all cytokines are missing."""
FAILED_ASSAY_SHARE = 0.01
EVENT_SHARE = 0.27
"""Share of RP for which the whole group does not change from pre to during, as in S9."""


@dataclass(frozen=True)
class Marker:
    """Distribution of one cytokine.

    Attributes
    ----------
    unit : str
    median, log_sd : float
        Of patients without RP, before RT.
    correlation : float
        Of log values before and during RT, within a group.
    shift_pre, shift_during : float
        Difference of patients with RP, in units of ``log_sd``. The p values that S9 prints at 42 patients
        answer to differences of .75 to 1.15.
    detection_limit : float or None
    """

    unit: str
    median: float
    log_sd: float
    correlation: float
    shift_pre: float
    shift_during: float
    detection_limit: float | None


MARKERS = {
    "tgfb1": Marker("pg/mL", 5200.0, 0.50, 0.60, 0.15, 0.80, 1500.0),
    "tnfa": Marker("pg/mL", 8.0, 0.60, 0.65, -0.95, -0.40, 3.0),
    "il6": Marker("pg/mL", 4.5, 0.80, 0.75, 0.75, 1.20, 1.5),
    "ace": Marker("U/L", 34.0, 0.30, 0.70, -0.75, -0.95, None),
}


def sample_cytokines(rng: np.random.Generator, traits: PatientTraits, *, latent_rp: bool) -> list[dict[str, object]]:
    """Draw the rows of one patient in cytokines.csv.

    Parameters
    ----------
    rng : numpy.random.Generator
        The generator of the cohort; only its seed counts.
    traits : PatientTraits
        Index (for the streams and the plate) and schedule (for the dose at the draw).
    latent_rp : bool
        Whether the patient develops RP of grade 2 or higher within the window.

    Returns
    -------
    list of dict
        Values as text with three significant digits; ``<x`` below the detection limit x.
    """
    stream = child_stream(rng, "cytokines", traits.index)
    fraction_gy = traits.prescription_gy / traits.fractions
    draw_dose_gy = round(
        fraction_gy * int(stream.integers(np.ceil(40 / fraction_gy), np.floor(50 / fraction_gy) + 1)), 2
    )
    missed = {time: bool(stream.random() < MISSED_DRAW_SHARE) for time in ("pre", "during")}
    rows: list[dict[str, object]] = []
    for name, marker in MARKERS.items():
        plate = traits.index // PATIENTS_PER_PLATE
        plate_shift = PLATE_LOG_SD * child_stream(rng, f"plate {name}", plate).standard_normal()
        values = _draw_pair(stream, marker, latent_rp=latent_rp) * np.exp(plate_shift)
        failed = stream.random(2) < FAILED_ASSAY_SHARE
        for time, value, lost in zip(("pre", "during"), values, failed, strict=True):
            if not (missed[time] or lost):
                rows.append(
                    {
                        "patient": traits.study_id,
                        "cytokine": name,
                        "timepoint": time,
                        "draw_dose_gy": 0.0 if time == "pre" else draw_dose_gy,
                        "value": _as_text(float(value), marker.detection_limit),
                        "unit": marker.unit,
                        "plate": f"{name.upper()}-{plate + 1:02d}",
                    }
                )
    return rows


def _draw_pair(stream: np.random.Generator, marker: Marker, *, latent_rp: bool) -> npt.NDArray[np.float64]:
    """Draw the values before and during RT from a bivariate log-normal distribution."""
    first, second = stream.standard_normal(2)
    related = marker.correlation * first + np.sqrt(1 - marker.correlation**2) * second
    # The whole group keeps its level: what RP adds during RT is taken from the common level.
    level = -EVENT_SHARE * (marker.shift_during - marker.shift_pre)
    pre = first + marker.shift_pre * latent_rp
    during = related + level + marker.shift_during * latent_rp
    values: npt.NDArray[np.float64] = marker.median * np.exp(marker.log_sd * np.array([pre, during]))
    return values


def _as_text(value: float, detection_limit: float | None) -> str:
    if detection_limit is not None and value < detection_limit:
        return f"<{detection_limit:g}"
    return np.format_float_positional(value, precision=3, unique=False, fractional=False, trim="-")
