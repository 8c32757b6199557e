"""Tables of fractionation and of DVH curves, as the pipeline writes them, from DVHs made by hand."""

from __future__ import annotations

from functools import cache

import numpy as np

from lungtox.dose import dvh_from_samples
from lungtox.dvhcurve import (
    CurveTables,
    DvhCurveSettings,
    MovedCurve,
    curve_points,
    curve_tables,
    fermi_share,
    gaussian_share,
)
from lungtox.fractionation import FractionationSettings, FractionationTables, fractionation_tables

SHIFTS_MM = (-20.0, -10.0, 0.0, 10.0, 20.0)
CURVES = {
    "structure": "GTV", "shifts_mm": {"superior_inferior": list(SHIFTS_MM)}, "breathing_mm": [20.0], "margin_mm": 14.0,
    "breathing_pattern": "lujan", "models": ["gaussian", "fermi"], "step_gy": 0.2,
}  # fmt: skip
FRACTIONATION = {
    "fractions": [10, 35],
    "reference_gy": 60.0,
    "tumour": {"alpha_beta_gy": 10.0, "eqd2_gy": 70.0, "structure": "PTV"},
    "tumour_alpha_beta_range_gy": [8.0],
    "organs": {
        "SpinalCord": {"alpha_beta_gy": 2.0, "within_pct": 5.0},
        "Heart": {"alpha_beta_gy": 2.5, "tolerance_gy": 40.0},
        "Lungs-GTV": {"alpha_beta_gy": 3.0, "within_pct": 8.0},
    },
    "ntcp": {"seppenwoolde_2003": "Lungs-GTV"},
    "allow_structure": ["Lungs-GTV"],
}


@cache
def fractionation(patients: int = 2) -> FractionationTables:
    """Give the tables of two patients whose organs have doses along a straight line."""
    highest = {"SpinalCord": 42.0, "Heart": 55.0, "Lungs-GTV": 62.0}
    dvhs = [
        (f"P00{number + 1}", dvh_from_samples(np.linspace(0.0, top - number, 200), np.ones(200), structure=name))
        for number in range(patients)
        for name, top in highest.items()
    ]
    dvhs += [
        (f"P00{number + 1}", dvh_from_samples(np.linspace(57.0, 63.0, 50), np.ones(50), structure="PTV"))
        for number in range(patients)
    ]
    return fractionation_tables(dvhs, FractionationSettings.model_validate(FRACTIONATION))


@cache
def dvh_curves() -> CurveTables:
    """Give the tables of three patients: Gaussian within 14 mm, Fermi beyond, the mean falling with the distance."""
    dose = np.arange(0.0, 75.0, 0.2)
    curves = []
    for number in range(3):
        for shift in SHIFTS_MM:
            mean, sd = 60.0 + 0.1 * number - 0.1 * abs(shift), 1.0 + 0.1 * abs(shift)
            share = (
                fermi_share(dose, mu_gy=mean, k_gy=sd * np.sqrt(3) / np.pi) if abs(shift) > 14
                else gaussian_share(dose, mu_gy=mean, sigma_gy=sd)
            )  # fmt: skip
            points = curve_points(dose, 0.999 * share, structure="GTV")
            for source in ("structure", "dose") if shift else ("structure",):
                curves.append(
                    MovedCurve(f"P00{number + 1}", "shift", "superior_inferior", shift, source, points, mean, sd)
                )
        curves.append(MovedCurve(f"P00{number + 1}", "breathing", "superior_inferior", 20.0, "dose", points, mean, sd))
    return curve_tables(curves, DvhCurveSettings.model_validate(CURVES))
