"""Tables of fractionation, DVH curves and delivered dose, as the pipeline writes them, from DVHs made by hand."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache

import numpy as np
import pandas as pd

from lungtox.delivered import (
    DeliveredBatches,
    DeliveredComparisonSettings,
    DeliveredTables,
    JacobianFigures,
    SessionQuality,
    StructureQuality,
    delivered_tables,
)
from lungtox.dose import Dvh, dvh_from_samples
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

DELIVERED_GY = {"P001": 59.8, "P002": 59.6, "P003": 59.4, "P004": 59.2}
"""Mean dose delivered to the GTV, for 60 Gy planned."""
DELIVERED = {
    "sessions": "sessions.csv", "dose_of": "plan", "max_folding_pct": 0.1, "max_displacement_mm": 60.0,
    "minimum_coverage_pct": 100.0, "compare": {"test": "wilcoxon", "ntcp": {"quantec_logistic_2010": "Lungs-GTV"}},
}  # fmt: skip


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


def session_quality(name: str, *, ratio: float = 0.9, kind: str = "field") -> SessionQuality:
    """Give the quality of a session whose field shrinks everything evenly."""
    jacobian = JacobianFigures(ratio, ratio, ratio, ratio, 0.0)
    gtv = StructureQuality("GTV", 20.0 * ratio, jacobian, 2.0, 5.0, 100.0, 0.0)
    return SessionQuality(name, 15.0, kind, 1.0, 100.0, jacobian, 2.0, 4.0, 5.0, {"GTV": gtv})  # type: ignore[arg-type]


def delivered_batches(kind: str = "field") -> DeliveredBatches:
    """Give four patients: GTV as `DELIVERED_GY`, its volume to 88.28 % (mean); lungs 20 Gy planned, 18 Gy delivered."""
    metrics, volumes, qa = [], [], []
    planned: list[tuple[str, Dvh]] = []
    delivered: list[tuple[str, Dvh]] = []
    for (patient, mean_gy), apart in zip(DELIVERED_GY.items(), (-0.02, -0.01, 0.01, 0.02), strict=True):
        last = 0.8828 + apart
        for structure, before, after in (("GTV", 60.0, mean_gy), ("Lungs-GTV", 20.0, 18.0)):
            head = {"patient": patient, "structure": structure, "quantity": "physical", "metric": "Mean[Gy]"}
            metrics.append({**head, "unit": "Gy", "planned": before, "delivered": after})
            for dvhs, dose in ((planned, before), (delivered, after)):
                dvhs.append((patient, dvh_from_samples(np.full(9, dose), np.ones(9), structure=structure)))
        course = {"planning": 1.0, "w1": 1.0, "w2": 0.5 * (1.0 + last), "w3": last}
        for order, (session, ratio) in enumerate(course.items()):
            at = {"patient": patient, "session": session, "order": order, "fractions_before": 10.0 * max(order - 1, 0)}
            volumes.append({**at, "structure": "GTV", "source": "contours", "volume_cc": 20.0 * ratio, "ratio": ratio,
                            "percent_change": 100.0 * (ratio - 1.0)})  # fmt: skip
        sessions = [asdict(session_quality(name, kind=kind)) for name in ("w1", "w2", "w3")]
        qa.append({"patient": patient, "status": "ok", "faults": [], "warnings": [], "sessions": sessions})
    return DeliveredBatches(pd.DataFrame(metrics), pd.DataFrame(volumes), tuple(qa), tuple(planned), tuple(delivered))


@cache
def delivered() -> DeliveredTables:
    """Give the tables of these patients; a fifth one has no session."""
    settings = DeliveredComparisonSettings.model_validate(DELIVERED["compare"])
    return delivered_tables(delivered_batches(), settings, patients=[*DELIVERED_GY, "P005"])
