"""Metrics and DVHs of two sources of dose, for the tests of agreement."""

from pathlib import Path

import numpy as np
import pandas as pd

from lungtox.agreement import AgreementSettings, Source, compare_curves, compare_sources, read_cases
from lungtox.dose import dvh_from_samples, write_dvhs
from lungtox.tables import write_csv

P = [f"P{number:02d}" for number in range(1, 13)]
SETTINGS = {
    "sources": {"other": {"patients": "other.csv"}},
    "limits": {
        "Lungs": {"V20Gy[%]": {"absolute": 2.0}, "Mean[Gy]": {"percent": 3.0}},
        "SpinalCord": {"Max[Gy]": {"percent": 3.0}, "D2%[Gy]": {"percent": 3.0}},
    },
    "dispersion": {"SpinalCord": ["Max[Gy]", "D2%[Gy]"]},
    "percent_of": "first",
}


def metrics(patients, *, factor=1.0, scatter=0.0, seed=1, **changed):
    """Metrics as results/dose/metrics.csv has them; the cord's maximum scatters."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, patient in enumerate(patients):
        plain = {
            ("Lungs", "V20Gy[%]", "%"): 20.0 + number,
            ("Lungs", "Mean[Gy]", "Gy"): 12.0 + 0.5 * number,
            ("SpinalCord", "Max[Gy]", "Gy"): 40.0 + number,
            ("SpinalCord", "D2%[Gy]", "Gy"): 38.0 + number,
        }
        for (structure, metric, unit), value in plain.items():
            noise = scatter if metric == "Max[Gy]" else 0.1 * scatter
            rows.append(
                (
                    patient,
                    structure,
                    "anatomical",
                    "physical",
                    metric,
                    value * factor * (1 + noise * rng.normal()),
                    unit,
                )
            )
    columns = ["patient", "structure", "weighting", "quantity", "metric", "value", "unit"]
    return pd.DataFrame(rows, columns=columns).assign(**changed)


def compare(first, second, *, unusable=None, cases=None, **changed):
    found = AgreementSettings.model_validate({**SETTINGS, **changed})
    patients = list(dict.fromkeys([*first["patient"], *second["patient"], *(unusable or {})]))
    sources = {"main": Source("main", first), "other": Source("other", second, unusable or {})}
    return compare_sources(sources, found, cases=cases or read_cases(None, patients))


def uniform(low_gy, high_gy, structure="Lungs"):
    dose = np.arange(low_gy + 0.005, high_gy, 0.01)
    return dvh_from_samples(dose, np.ones(dose.size), structure=structure, spread_gy=np.full(dose.size, 0.01))


def write_agreement(folder: Path, *, unusable=None, **changed) -> dict[str, pd.DataFrame]:
    """Write the tables of results/agreement of 12 patients; give them by name."""
    tables = compare(
        metrics(P), metrics(P, factor=1.01, scatter=0.01, seed=4), unusable=unusable, unpaired="leave_out", **changed
    )
    files = {}
    for source, shift in (("main", 0.0), ("other", 0.3)):
        files[source] = [folder / "dvhs" / f"{source}.dvh.parquet"]
        write_dvhs([(name, uniform(10 + 0.1 * k + shift, 20 + shift)) for k, name in enumerate(P)], files[source][0])
    settings = AgreementSettings.model_validate({**SETTINGS, "curves": {"Lungs": 5.0}})
    curves = compare_curves(files, settings, cases=read_cases(None, P))
    found = {name: getattr(tables, name) for name in ("metrics", "pairs", "points", "dispersion", "unpaired")}
    found |= {
        "curves": curves.curves,
        "distances": curves.distances,
        "curve_summary": curves.summary,
        "curve_unpaired": curves.unpaired,
    }
    for name, table in found.items():
        write_csv(table, folder / "agreement" / f"{name}.csv")
    return found
