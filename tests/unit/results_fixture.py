"""A small but realistic results folder after docs/file-contracts.md, made from random numbers.

Statistics in it are rough (Wald intervals, plain AUC): figures and report only draw what stands in the tables.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lungtox.cohort.describe import tabulate_flow
from lungtox.models import (
    compare_dose_levels,
    compare_roc,
    compare_strata,
    compare_sweep,
    correlate_metrics,
    describe_course,
    describe_gaps,
    describe_images,
    model_cytokines,
)
from lungtox.models.config import AssociationSettings, LogisticSettings, MissingSettings, RocSettings, TimeSettings
from lungtox.ntcp import ComparisonSettings, DoseMatrix, compare_descriptions

REGION = "functional:40%max"
VX = (5, 10, 13, 15, 20, 30, 40)
CYTOKINES = {
    "tgfb1": ("TGF-\u03b21", "pg/mL", 4000.0, 150.0),
    "tnfa": ("TNF-\u03b1", "pg/mL", 9.0, 3.0),
    "il6": ("IL-6", "pg/mL", 5.0, 2.0),
    "ace": ("ACE", "U/L", 35.0, 2.0),
}
CONFIG: dict[str, Any] = {
    "seed": 20140815,
    "results": "results",
    "inputs": {
        "patients": "data/demo/patients.csv",
        "structures": "data/demo/structures.csv",
        "clinical": "data/demo/clinical.csv",
        "cytokines": "data/demo/cytokines.csv",
    },
    "dose": {
        "patients_per_job": 1,
        "bin_width_gy": 0.01,
        "end_cap": "half-slice",
        "structures": {
            "Lungs-GTV": {"union": ["Lung_L", "Lung_R"], "minus": ["GTV"]},
            "Heart": {"union": ["Heart"], "minus": []},
        },
        "gtv_absent": "refuse",
        "minimum_coverage_pct": 100.0,
        "allow_partial_coverage": [],
        "eqd2": {"Lungs-GTV": 3.0, "Heart": 2.5},
        "metrics": {"Lungs-GTV": ["V20Gy[%]", "Mean[Gy]"], "Heart": ["Mean[Gy]"]},
    },
    "function": {"structure": "Lungs-GTV", "regions": ["40%max"], "metrics": ["V20Gy[%]", "Mean[Gy]"], "sweep": True},
    "endpoint": {"scale": "CTCAE", "grade": 2, "window_months": 6, "start": "rt_end"},
    "cohort": {"on_unusable": "exclude", "accepted_exclusions": [], "metrics": {}},
    "association": {
        "families": {
            "clinical": ["age_y", "sex", "smoking", "lung_disease", "treatment_beams"],
            "dose": [*(f"v{x}_pct" for x in VX), "mld_gy"],
            "functional": [*(f"fv{x}_pct" for x in VX), "fmld_gy"],
        },
        "continuous_test": "mann-whitney",
        "categorical_test": "fisher",
        "cytokines": list(CYTOKINES),
        "strata": {"sex": ["v20_pct", "lung_disease"]},
        "dose_levels": {"low_gy": 5.0, "high_gy": 60.0, "step_gy": 5.0, "permutations": 200},
    },
    "models": {
        "dose_clinical": {"predictors": ["mld_gy", "age_y", "lung_disease", "smoking"], "penalty": "none"},
        "functional_clinical": {"predictors": ["fmld_gy", "age_y", "lung_disease", "smoking"], "penalty": "none"},
    },
    "validation": {"resamples": 100, "folds": 10, "repeats": 10},
    "roc": {
        "scores": ["v20_pct", "fv20_pct", "mld_gy", "fmld_gy"],
        "pairs": [["v20_pct", "fv20_pct"], ["mld_gy", "fmld_gy"]],
        "partial": {"focus": "specificity", "low": 0.8},
        "cut_points": ["youden"],
        "resamples": 100,
    },
    "time": {"groups": {"mld_gy": 15.0, "v20_pct": None}},
    "missing": {"method": "multiple-imputation", "imputations": 20, "iterations": 2},
    "ntcp": {
        "fits": {
            "lkb": {
                "model": "lkb",
                "fixed": {},
                "structure": "Lungs-GTV",
                "weighting": "anatomical",
                "quantity": "physical",
            },
            "lkb_mean_dose": {
                "model": "lkb",
                "fixed": {"n": 1.0},
                "structure": "Lungs-GTV",
                "weighting": "anatomical",
                "quantity": "physical",
            },
            "lkb_functional": {
                "model": "lkb",
                "fixed": {"n": 1.0},
                "structure": "Lungs-GTV",
                "weighting": REGION,
                "quantity": "physical",
            },
            "logistic_mean_dose": {
                "model": "logistic",
                "fixed": {},
                "structure": "Lungs-GTV",
                "weighting": "anatomical",
                "quantity": "physical",
            },
        },
        "published": ["quantec_logistic_2010", "appelt_2014"],
        "update": {"alpha": 0.05, "largest": "revision", "bayes": True},
        "compare": {
            "doses": [
                {"name": "MLD", "column": "mld_gy"},
                {"name": "fMLD", "column": "fmld_gy"},
                {"name": "gEUD", "structure": "Lungs-GTV"},
            ],
            "steps": [{"name": "clinical", "add": ["age_y", "lung_disease"]}],
            "reference": "MLD",
        },
    },
    "figures": {"style": {"width_mm": 90.0, "font_pt": 8.0, "palette": "colorblind"}},
    "report": {"title": "Radiation pneumonitis after chest radiotherapy"},
}


def build_results(folder: Path, *, patients: int = 90, seed: int = 1) -> Path:
    """Write every table of the contract into ``folder``; give the folder."""
    rng = np.random.default_rng(seed)
    ids = [f"P{number:03d}" for number in range(1, patients + 1)]
    analysis, dvhs = _cohort(ids, rng)
    excluded = pd.DataFrame(
        {
            "patient": ["P901", "P902"],
            "stage": ["dose", "clinical"],
            "reason": ["the dose grid covers 91.2 % of Lungs-GTV", "no row in the clinical table"],
        }
    )
    _write(analysis, folder / "cohort/analysis.csv")
    _write(excluded, folder / "cohort/exclusions.csv")
    _write(_dictionary(), folder / "cohort/dictionary.csv")
    _write_cohort_tables(analysis, folder)
    _write(tabulate_flow(analysis, excluded), folder / "cohort/flow.csv")
    (folder / "dose").mkdir(parents=True, exist_ok=True)
    pq.write_table(dvhs, folder / "dose/model_dvhs.parquet")
    for entry in _qa(analysis, excluded):
        _write_json([entry], folder / f"dose/{entry['patient']}.qa.json")
    _write(_univariable(analysis), folder / "association/univariable.csv")
    _write(_cytokine_tests(analysis, rng), folder / "association/cytokines.csv")
    _write_cytokine_models(analysis, folder / "association")
    _write_doses(analysis, dvhs, folder / "association")
    for name, model in CONFIG["models"].items():
        _write_model(analysis, name, model["predictors"], folder / "models" / name)
    _write_roc(analysis, folder / "roc")
    _write_time(analysis, folder / "time")
    _write_function(analysis, folder / "function", rng)
    images = describe_images(_qa(analysis, excluded), patients=set(analysis["patient"]))
    _write(images, folder / "function/images.csv")
    _write_gaps(analysis, folder / "missing")
    for name, fit in CONFIG["ntcp"]["fits"].items():
        _write_ntcp(analysis, name, fit, folder / "ntcp" / name)
    _write_published(analysis, folder / "ntcp/published")
    _write_comparison(analysis, dvhs, folder)
    _write_updates(analysis, folder / "ntcp/published")
    return folder


def build_paper_sources(folder: Path, *, patients: int = 60) -> Path:
    """Write those tables of `build_results` that the tables for a paper are drawn from; give the folder."""
    rng = np.random.default_rng(1)
    analysis, dvhs = _cohort([f"P{number:03d}" for number in range(1, patients + 1)], rng)
    _write(pd.DataFrame(columns=["patient", "stage", "reason"]), folder / "cohort/exclusions.csv")
    _write(_dictionary(), folder / "cohort/dictionary.csv")
    _write_cohort_tables(analysis, folder)
    factors = _univariable(analysis)
    for name, value in (("difference", 0.8), ("difference_low", -0.04), ("difference_high", 1.64)):
        factors[name] = factors["kind"].map({"continuous": value})
    factors["difference_name"] = factors["kind"].map({"continuous": "RP - no RP (Hodges-Lehmann)"})
    _write(factors, folder / "association/univariable.csv")
    _write(_cytokine_tests(analysis, rng), folder / "association/cytokines.csv")
    for name, model in CONFIG["models"].items():
        _write_model(analysis, name, model["predictors"], folder / "models" / name)
    _write_roc(analysis, folder / "roc")
    for name, fit in CONFIG["ntcp"]["fits"].items():
        _write_ntcp(analysis, name, fit, folder / "ntcp" / name)
    _write_published(analysis, folder / "ntcp/published")
    _write_updates(analysis, folder / "ntcp/published")
    _write_comparison(analysis, dvhs, folder)
    return folder


def _write_doses(analysis: pd.DataFrame, dvhs: pa.Table, folder: Path) -> None:
    settings = AssociationSettings.model_validate(CONFIG["association"])
    levels = compare_dose_levels(dvhs, analysis, settings=settings, rng=np.random.default_rng(1))
    _write(levels, folder / "dose_levels.csv")
    families = CONFIG["association"]["families"]
    found = correlate_metrics(analysis, [*families["dose"], *families["functional"]], dictionary=_dictionary())
    _write(found.correlations, folder / "metric_correlations.csv")
    _write(found.clusters, folder / "metric_clusters.csv")
    _write(found.tree, folder / "metric_tree.csv")


def _write_comparison(analysis: pd.DataFrame, dvhs: pa.Table, folder: Path) -> None:
    settings = ComparisonSettings.model_validate(CONFIG["ntcp"]["compare"])
    complete = analysis[analysis[["rp", *settings.columns]].notna().all(axis=1)].reset_index(drop=True)
    rows = dvhs.to_pandas().astype({"patient": str, "structure": str, "weighting": str, "quantity": str})
    identity = ("Lungs-GTV", "anatomical", "physical")
    rows = rows[(rows[["structure", "weighting", "quantity"]] == identity).all(axis=1)]
    volume = rows.pivot(index="patient", columns="dose_gy", values="volume_cc").fillna(0.0).loc[complete["patient"]]
    share = volume.to_numpy() / volume.to_numpy().sum(axis=1, keepdims=True)
    dose_gy = volume.columns.to_numpy(dtype=float) + 0.05
    stretch = complete["mld_gy"].to_numpy() / (share @ dose_gy)
    found = compare_descriptions(
        complete,
        {identity: DoseMatrix(dose_gy, share, stretch, *identity, None)},
        settings=settings,
        resamples=10,
        rng=np.random.default_rng(1),
        dictionary=_dictionary(),
    )
    _write(found.models, folder / "ntcp/comparison.csv")
    _write(found.profile, folder / "ntcp/volume_profile.csv")


def _write(table: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)


def _write_json(content: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def _cohort(ids: list[str], rng: np.random.Generator) -> tuple[pd.DataFrame, pa.Table]:
    rows, parts = [], []
    for patient in ids:
        row: dict[str, Any] = {"patient": patient}
        spread = rng.normal(0, 0.4)
        lung = 68 * rng.beta(0.42 * math.exp(spread), 1.35, 4000)
        has_function = rng.random() < 0.85
        sets = {"anatomical": lung}
        if has_function:
            keep = rng.random(lung.size) < np.clip(0.75 - 0.012 * lung + rng.normal(0, 0.08), 0.02, 1)
            sets |= {REGION: lung[keep], "perfusion": lung[rng.random(lung.size) < 0.9 - 0.008 * lung]}
        for weighting, doses in sets.items():
            prefix = {"anatomical": "", REGION: "f", "perfusion": "mpw"}[weighting]
            if weighting != "perfusion":
                row |= {f"{prefix}v{x}_pct": 100 * float((doses >= x).mean()) for x in VX}
            row[f"{prefix}{'mld' if prefix != 'mpw' else 'ld'}_gy"] = float(doses.mean())
            counts = np.bincount((doses / 0.1).astype(int))
            used = np.flatnonzero(counts)
            parts.append(
                pd.DataFrame(
                    {
                        "patient": patient,
                        "structure": "Lungs-GTV",
                        "weighting": weighting,
                        "quantity": "physical",
                        "alpha_beta_gy": np.nan,
                        "bin_width_gy": 0.1,
                        "dose_gy": used * 0.1,
                        "volume_cc": counts[used] * 0.9,
                    }
                )
            )
        rows.append(row)
    table = pd.DataFrame(rows)
    n = len(table)
    table["age_y"] = rng.normal(64, 9, n).round()
    table["sex"] = rng.choice(["F", "M"], n, p=[0.35, 0.65])
    table["smoking"] = rng.choice(["never", "former", "current", "unknown"], n, p=[0.2, 0.45, 0.3, 0.05])
    table["lung_disease"] = rng.choice(["no", "yes"], n, p=[0.65, 0.35])
    table["treatment_beams"] = rng.integers(3, 9, n)
    table["technique"] = rng.choice(["3D-CRT", "IMRT", "VMAT"], n)
    risk = (
        -5.0
        + 0.16 * table["fmld_gy"].fillna(table["mld_gy"])
        + 0.9 * (table["lung_disease"] == "yes")
        + 0.02 * table["age_y"]
    )
    rp = (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(float)
    rp[rng.random(n) < 0.05] = np.nan
    table.insert(1, "rp", pd.array(rp, dtype="Float64").astype("Int64"))
    table.insert(2, "rp_status", np.where(np.isnan(rp), "censored", np.where(rp == 1, "yes", "no")))
    for name, (_, _, centre, limit) in CYTOKINES.items():
        pre = centre * np.exp(rng.normal(0, 0.5, n) + 0.25 * np.nan_to_num(rp) * (name == "il6"))
        during = pre * np.exp(rng.normal(0.05, 0.4, n))
        for time, values in (("pre", pre), ("during", during)):
            values = np.where(rng.random(n) < 0.06, np.nan, values)
            table[f"{name}_{time}"] = np.where(values < limit, limit / 2, values)
            table[f"{name}_{time}_below"] = np.where(np.isnan(values), None, values < limit)
        table[f"{name}_ratio"] = table[f"{name}_during"] / table[f"{name}_pre"]
    frame = pd.concat(parts, ignore_index=True)
    for column in ("patient", "structure", "weighting", "quantity"):
        frame[column] = frame[column].astype("category")
    return table, pa.Table.from_pandas(frame, preserve_index=False)


def _labels() -> dict[str, tuple[str, str]]:
    labels = {
        "age_y": ("Age", "years"),
        "sex": ("Sex", ""),
        "smoking": ("Smoking", ""),
        "lung_disease": ("Lung disease", ""),
        "treatment_beams": ("Treatment beams", ""),
    }
    labels |= {f"v{x}_pct": (f"V{x}", "%") for x in VX} | {f"fv{x}_pct": (f"Functional V{x}", "%") for x in VX}
    labels |= {
        "mld_gy": ("Mean lung dose", "Gy"),
        "fmld_gy": ("Functional mean lung dose", "Gy"),
        "mpwld_gy": ("Perfusion-weighted mean lung dose", "Gy"),
    }
    for name, (label, unit, _, _) in CYTOKINES.items():
        labels |= {f"{name}_pre": (f"{label} before RT", unit), f"{name}_during": (f"{label} at 40-50 Gy", unit)}
    return labels


def _dictionary() -> pd.DataFrame:
    rows = [{"column": "patient", "label": "Study ID", "unit": None, "kind": "id"}]
    rows += [
        {"column": c, "label": label, "unit": unit or None, "kind": "continuous"}
        for c, (label, unit) in _labels().items()
    ]
    return pd.DataFrame(rows).assign(levels=None, source="made up")


def _write_cohort_tables(analysis: pd.DataFrame, folder: Path) -> None:
    groups = {"all": analysis, "rp": analysis[analysis["rp"] == 1], "no_rp": analysis[analysis["rp"] == 0]}
    rows = [
        {
            "variable": "n",
            "label": "Patients",
            "level": None,
            **{k: str(len(v)) for k, v in groups.items()},
            "missing": "0",
        }
    ]
    for column in ("age_y", "mld_gy", "fmld_gy"):
        cells = {
            k: f"{v[column].median():.1f} ({v[column].quantile(0.25):.1f} to {v[column].quantile(0.75):.1f})"
            for k, v in groups.items()
        }
        rows.append(
            {
                "variable": column,
                "label": _labels()[column][0],
                "level": None,
                **cells,
                "missing": str(int(analysis[column].isna().sum())),
            }
        )
    for level in ("no", "yes"):
        cells = {
            k: f"{int((v['lung_disease'] == level).sum())} ({100 * (v['lung_disease'] == level).mean():.1f} %)"
            for k, v in groups.items()
        }
        rows.append({"variable": "lung_disease", "label": "Lung disease", "level": level, **cells, "missing": "0"})
    _write(pd.DataFrame(rows), folder / "cohort/table1.csv")
    n = len(analysis)
    missing = pd.DataFrame({"column": list(_labels())})
    missing["label"] = [_labels()[c][0] for c in missing["column"]]
    missing["n"] = n
    missing["missing"] = [int(analysis[c].isna().sum()) if c in analysis else n for c in missing["column"]]
    _write(missing.assign(missing_pct=100 * missing["missing"] / n), folder / "cohort/missing.csv")
    _write_json(
        ["4 patients have an outcome that is neither yes nor no and are left out of all tests."],
        folder / "cohort/warnings.json",
    )


def _qa(analysis: pd.DataFrame, excluded: pd.DataFrame) -> list[dict[str, Any]]:
    entries = []
    for number, row in enumerate(analysis.itertuples()):
        function = {
            "status": "ok", "regions": {REGION: {"volume_cc": 1500.0, "share_pct": 42.0}}, "faults": [],
            "hot_spot": 1.0 + 0.01 * (number % 7), "edge": {"volume_pct": 44.0, "perfusion_pct": 38.0 + number % 3},
        }  # fmt: skip
        if math.isnan(row.fmld_gy):
            function = {"status": "none", "regions": {}, "faults": []}
        entries.append(
            {
                "patient": row.patient,
                "status": "ok",
                "faults": [],
                "warnings": [],
                "technique": row.technique,
                "treatment_beams": row.treatment_beams,
                "setup_beams": 2,
                "fractions": 30,
                "prescription_gy": 60.0,
                "dose_grid": {"shape": [100, 120, 120], "spacing_mm": [3.0, 3.0, 3.0]},
                "structures": {
                    "Lungs-GTV": {
                        "volume_cc": 3600.0,
                        "coverage_pct": 100.0,
                        "planes": 90,
                        "composed_of": {"union": ["Lung_L", "Lung_R"], "within": [], "minus": ["GTV"]},
                    }
                },
                "names": [
                    {"structure": name, "match": "exact", "score": 100.0, "accepted_by": "person"}
                    for name in ("Lung_L", "Lung_R", "GTV")
                ],
                "function": function,
            }
        )
    entries[0]["warnings"] = ["P001: Lungs-GTV: 2 planes are missing and were interpolated"]
    entries[1]["function"] = {
        "status": "unusable",
        "regions": {},
        "faults": [
            {
                "who": "P002: SPECT",
                "expected": "the frame of reference of the dose",
                "found": "another one",
                "action": "Register it or leave it out.",
                "code": "spect-frame",
            }
        ],
    }
    fault = {
        "who": "P901",
        "expected": "100 % coverage",
        "found": "91.2 %",
        "action": "Recalculate the dose.",
        "code": "dose-coverage",
    }
    return [
        *entries,
        {
            "patient": excluded["patient"][0],
            "status": "unusable",
            "faults": [fault],
            "warnings": [],
            "technique": None,
            "treatment_beams": None,
            "setup_beams": None,
            "fractions": None,
            "prescription_gy": None,
            "dose_grid": None,
            "structures": {},
            "names": [],
            "function": {"status": "none", "regions": {}, "faults": []},
        },
    ]


def logistic(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Give estimates, covariance and log-likelihood of a plain logistic fit, intercept first."""
    design = np.column_stack([np.ones(len(y)), x])
    beta = np.zeros(design.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-design @ beta))
        information = design.T @ (design * (p * (1 - p))[:, None])
        beta = beta + np.linalg.solve(information, design.T @ (y - p))
    p = 1 / (1 + np.exp(-design @ beta))
    return beta, np.linalg.inv(information), float(np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)))


def _p(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))


def _univariable(analysis: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for family, factors in CONFIG["association"]["families"].items():
        for factor in factors:
            used = analysis[analysis["rp"].notna() & analysis[factor].notna()]
            y = used["rp"].to_numpy(float)
            numeric = pd.api.types.is_numeric_dtype(used[factor])
            levels = [None] if numeric else sorted(set(used[factor]) - {"never", "no", "F"})
            for level in levels:
                per = {"age_y": 10, "treatment_beams": 1}.get(factor, 5)
                x = used[factor].to_numpy(float) / per if numeric else (used[factor] == level).to_numpy(float)
                beta, covariance, _ = logistic(x[:, None], y)
                error = math.sqrt(covariance[1, 1])
                low, high = (math.exp(beta[1] + z * error) if error < 10 else None for z in (-1.96, 1.96))
                unit = {"age_y": "10 years", "treatment_beams": "1 beam"}.get(
                    factor, "5 Gy" if factor.endswith("_gy") else "5 %"
                )
                reference = {"smoking": "never", "lung_disease": "no", "sex": "F"}.get(factor)
                rows.append(
                    {
                        "factor": factor,
                        "label": _labels()[factor][0],
                        "level": level,
                        "family": family,
                        "kind": "continuous" if numeric else "categorical",
                        "n": len(used),
                        "n_rp": int(y.sum()),
                        "n_no_rp": int((1 - y).sum()),
                        "rp_summary": _summary(used, factor, level, 1),
                        "no_rp_summary": _summary(used, factor, level, 0),
                        "effect_name": "odds ratio",
                        "unit": unit if numeric else f"{level} v {reference}",
                        "effect": math.exp(beta[1]),
                        "low": low,
                        "high": high,
                        "p": _p(beta[1] / error),
                        "test": "Mann-Whitney" if numeric else "Fisher",
                    }
                )
    table = pd.DataFrame(rows)
    rank = table.groupby("family")["p"].rank(method="first")
    size = table.groupby("family")["p"].transform("size")
    table["q"] = np.minimum(1.0, table["p"] * size / rank)
    return table


def _summary(used: pd.DataFrame, factor: str, level: str | None, group: int) -> str:
    part = used.loc[used["rp"] == group, factor]
    if level is not None:
        return f"{int((part == level).sum())} ({100 * (part == level).mean():.0f} %)"
    return f"{part.median():.1f} ({part.quantile(0.25):.1f} to {part.quantile(0.75):.1f})"


def _cytokine_tests(analysis: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for name, (label, _, _, _) in CYTOKINES.items():
        for comparison in ("paired_all", "paired_rp", "paired_no_rp", "groups_pre", "groups_during", "groups_ratio"):
            p = float(rng.random() ** 2)
            a, b = analysis[f"{name}_pre"].dropna(), analysis[f"{name}_during"].dropna()
            rows.append(
                {
                    "cytokine": name,
                    "label": label,
                    "comparison": comparison,
                    "n": len(a),
                    "n_a": len(a),
                    "n_b": len(b),
                    "median_a": a.median(),
                    "q1_a": a.quantile(0.25),
                    "q3_a": a.quantile(0.75),
                    "median_b": b.median(),
                    "q1_b": b.quantile(0.25),
                    "q3_b": b.quantile(0.75),
                    "effect_name": "ratio of medians",
                    "effect": 1.1,
                    "low": 0.9,
                    "high": 1.3,
                    "p": p,
                    "q": min(1.0, 2 * p),
                    "test": "Wilcoxon" if "paired" in comparison else "Mann-Whitney",
                    "below_limit_pct": 4.0,
                }
            )
    return pd.DataFrame(rows)


def _write_model(analysis: pd.DataFrame, name: str, predictors: list[str], folder: Path) -> None:
    used = analysis[analysis["rp"].notna() & analysis[predictors].notna().all(axis=1)]
    y = used["rp"].to_numpy(float)
    columns, terms, labels = [], ["Intercept"], ["Intercept"]
    for predictor in predictors:
        if pd.api.types.is_numeric_dtype(used[predictor]):
            columns.append(used[predictor].to_numpy(float))
            terms.append(predictor)
            labels.append(f"{_labels()[predictor][0]} (per 1)")
        else:
            for level in sorted(set(used[predictor]) - {"never", "no"}):
                columns.append((used[predictor] == level).to_numpy(float))
                terms.append(f"{predictor}[{level}]")
                labels.append(f"{_labels()[predictor][0]} ({level})")
    beta, covariance, loglik = logistic(np.column_stack(columns), y)
    error = np.sqrt(np.diag(covariance))
    estimates = [
        {
            "term": t,
            "label": label,
            "estimate": float(b),
            "se": float(e),
            "low": float(b - 1.96 * e),
            "high": float(b + 1.96 * e),
            "p": _p(b / e),
        }
        for t, label, b, e in zip(terms, labels, beta, error, strict=True)
    ]
    epv = float(y.sum() / (len(terms) - 1))
    _write_json(
        {
            "model": name,
            "outcome": "rp",
            "predictors": predictors,
            "penalty": "none",
            "n": len(y),
            "events": int(y.sum()),
            "epv": epv,
            "loglik": loglik,
            "converged": True,
            "separation": {"found": False, "terms": []},
            "estimates": estimates,
            "covariance": covariance.tolist(),
            "terms": terms,
            "interval": "profile likelihood",
            "leads": "cross-validation",
            "candidates": len(terms) - 1,
            "chosen": predictors,
            "selection": "none",
            "strength": None,
            "sample_size": {
                "required": 443,
                "shrinkage": 443,
                "optimism": 137,
                "rate": 298,
                "parameters": len(terms) - 1,
                "expected_auc": 0.7,
                "r2": 0.1,
            },
            "warnings": [f"{epv:.1f} events per variable: fewer than 10"],
            "seed": 1,
        },
        folder / "fit.json",
    )
    score = np.column_stack([np.ones(len(y)), *columns]) @ beta
    _write(
        pd.DataFrame(
            {
                "patient": used["patient"],
                "rp": y,
                "weight": 1.0,
                "linear_predictor": score,
                "probability": 1 / (1 + np.exp(-score)),
            }
        ),
        folder / "predictions.csv",
    )
    auc, _, _ = _auc(y, score)
    rows = [
        ("auc", auc, 0.05, auc - 0.12, auc + 0.07),
        ("slope", 1.0, 0.2, 0.5, 1.4),
        ("citl", 0.0, 0.01, -0.5, 0.5),
        ("brier", 0.15, -0.02, 0.12, 0.2),
        ("scaled_brier", 0.2, 0.1, -0.1, 0.3),
        ("ici", 0.02, -0.02, 0.01, 0.1),
        ("e90", 0.04, -0.03, 0.02, 0.2),
    ]
    table = pd.DataFrame(rows, columns=["measure", "apparent", "optimism", "low", "high"])
    table.insert(1, "approach", "bootstrap")
    table.insert(4, "corrected", table["apparent"] - table["optimism"])
    table = table.assign(resamples=100, method="Harrell bootstrap")
    crossed = table.assign(
        approach="cross-validation", corrected=table["corrected"] - 0.01, resamples=10, method="10-fold"
    )
    _write(pd.concat([table, crossed]), folder / "validation.csv")
    risk = 1 / (1 + np.exp(-score))
    grid = np.linspace(risk.min(), risk.max(), 21)
    curve = pd.DataFrame({"predicted": grid, "apparent": grid, "corrected": 0.9 * grid + 0.02})
    band = {"low": np.clip(curve["corrected"] - 0.1, 0, 1), "high": np.clip(curve["corrected"] + 0.1, 0, 1)}
    _write(curve.assign(**band), folder / "calibration.csv")
    threshold = np.linspace(0.05, 0.5, 10)
    benefit = pd.DataFrame(
        {"threshold": threshold, "apparent": 0.3 - 0.5 * threshold, "corrected": 0.27 - 0.5 * threshold}
    )
    every = {"low": benefit["corrected"] - 0.1, "high": benefit["corrected"] + 0.1, "all": 0.3 - threshold}
    _write(benefit.assign(**every), folder / "decision.csv")
    stability = pd.DataFrame({"patient": used["patient"], "rp": y.astype(int), "probability": risk})
    around = {"low": 0.6 * risk, "high": np.minimum(1.0, 1.5 * risk), "mean_absolute_difference": 0.1 * risk}
    _write(stability.assign(**around), folder / "stability.csv")
    _write_checks(used, predictors, folder)


def _write_checks(used: pd.DataFrame, predictors: list[str], folder: Path) -> None:
    """Write what a model of declared predictors has to tell about itself."""
    listed = [*predictors, "v5_pct", "v20_pct", "v30_pct"]
    numeric = [name for name in listed if pd.api.types.is_numeric_dtype(used[name])]
    clusters = {name: 1 if name.endswith("_pct") else 2 + index for index, name in enumerate(numeric)}
    rows = [
        (name, _labels()[name][0], 1.2, clusters.get(name), name not in ("v5_pct", "v30_pct"), "", None)
        for name in listed
    ]
    columns = ["column", "label", "vif", "cluster", "representative", "closest", "correlation"]
    _write(pd.DataFrame(rows, columns=columns).astype({"cluster": "Int64"}), folder / "collinearity.csv")
    leaves = len(numeric)
    tree = [(1, leaves - 2, leaves - 1, 0.95, 2), (2, leaves - 3, leaves, 0.8, 3)]
    tree += [(3 + index, index, leaves + 1 + index, 0.3 - 0.1 * index, 4 + index) for index in range(leaves - 3)]
    _write(pd.DataFrame(tree, columns=["step", "left", "right", "correlation", "size"]), folder / "dendrogram.csv")
    moved = np.linspace(-0.4, 0.5, len(used))
    influence = pd.DataFrame({"patient": used["patient"], "rp": used["rp"], "leverage": 0.05, "cook": 0.01})
    risks = {"probability": 0.3, "probability_left_out": 0.31}
    _write(influence.assign(dfbetas=moved, term=predictors[0], **risks), folder / "influence.csv")
    empty = {"selection": ["kind", "name", "chosen", "count", "share", "resamples"],
             "internal_external": ["column", "level", "n", "events"]}  # fmt: skip
    for name, header in empty.items():
        _write(pd.DataFrame(columns=header), folder / f"{name}.csv")


def _auc(y: np.ndarray, score: np.ndarray) -> tuple[float, float, float]:
    wins = (score[y == 1][:, None] > score[y == 0]).mean() + 0.5 * (score[y == 1][:, None] == score[y == 0]).mean()
    half = 1.96 * math.sqrt(wins * (1 - wins) / min((y == 1).sum(), (y == 0).sum()))
    return float(wins), float(max(0, wins - half)), float(min(1, wins + half))


def _write_roc(analysis: pd.DataFrame, folder: Path) -> None:
    rows, curves, aucs = [], [], {}
    for score in CONFIG["roc"]["scores"]:
        used = analysis[analysis["rp"].notna() & analysis[score].notna()]
        y, values = used["rp"].to_numpy(float), used[score].to_numpy(float)
        auc, low, high = _auc(y, values)
        aucs[score] = auc
        rows.append(
            {
                "score": score,
                "label": _labels()[score][0],
                "direction": "larger",
                "n": len(y),
                "events": int(y.sum()),
                "auc": auc,
                "low": low,
                "high": high,
                "method": "DeLong, logit scale",
            }
        )
        thresholds = [np.inf, *np.unique(values)[::-1]]
        curves += [
            {
                "score": score,
                "fpr": float((values[y == 0] >= t).mean()),
                "tpr": float((values[y == 1] >= t).mean()),
                "threshold": t,
            }
            for t in thresholds
        ]
    pairs = [
        {
            "score_a": a,
            "score_b": b,
            "n": 80,
            "events": 20,
            "auc_a": aucs[a],
            "auc_b": aucs[b],
            "difference": aucs[a] - aucs[b],
            "low": aucs[a] - aucs[b] - 0.08,
            "high": aucs[a] - aucs[b] + 0.08,
            "z": 0.5,
            "p": 0.37,
        }
        for a, b in CONFIG["roc"]["pairs"]
    ]
    _write(pd.DataFrame(rows), folder / "auc.csv")
    _write(pd.DataFrame(curves), folder / "curves.csv")
    _write(pd.DataFrame(pairs), folder / "pairs.csv")
    tables = compare_roc(
        analysis,
        settings=RocSettings.model_validate(CONFIG["roc"]),
        rng=np.random.default_rng(1),
        dictionary=_dictionary(),
    )
    for name in ("bands", "partial", "cut_points"):
        _write(getattr(tables, name), folder / f"{name}.csv")


def _with_times(analysis: pd.DataFrame) -> pd.DataFrame:
    months = np.where(analysis["rp_status"] == "no", 6.0, 1.0 + np.arange(len(analysis)) % 10 / 2)
    return analysis.assign(time_months=months)


def _write_time(analysis: pd.DataFrame, folder: Path) -> None:
    course = describe_course(
        _with_times(analysis),
        settings=TimeSettings.model_validate(CONFIG["time"]),
        window_months=6,
        models={name: LogisticSettings.model_validate(model) for name, model in CONFIG["models"].items()},
        dictionary=_dictionary(),
    )
    _write(course.curves, folder / "incidence.csv")
    for name in ("groups", "cox", "codings"):
        _write(getattr(course, name), folder / f"{name}.csv")


def _write_function(analysis: pd.DataFrame, folder: Path, rng: np.random.Generator) -> None:
    """Sweep in which each setting moves the functional metrics by a fixed amount and a little by chance."""
    have = analysis[analysis["fv20_pct"].notna()]
    settings = [("none", "anatomical", "", 0.0, have["v20_pct"], have["mld_gy"], 0.0)]
    settings.append(("region", "perfusion", "", 0.0, have["fv20_pct"], have["fmld_gy"], 0.0))
    regions = [f"{share}%{reference}" for reference in ("max", "p99", "mean") for share in range(10, 80, 10)]
    for region in regions:
        move = 0.0 if region == "40%max" else 0.1 * (40 - int(region[:2]))
        settings.append(("region", f"functional:{region}", "", 0.0, have["fv20_pct"], have["fmld_gy"], move))
    for shift_mm in (5.0, 10.0):
        for number, direction in enumerate(("left", "right", "posterior", "anterior", "superior", "inferior")):
            for weighting in ("perfusion", "functional:40%max"):
                move = 0.02 * shift_mm * (number - 2.5)
                settings.append(("shift", weighting, direction, shift_mm, have["fv20_pct"], have["fmld_gy"], move))
    for weighting in ("perfusion", "functional:40%max"):
        settings.append(("attenuation", weighting, "", 0.0, have["fv20_pct"], have["fmld_gy"], 0.5))
    rows = []
    for change, weighting, direction, shift_mm, v20, mean, move in settings:
        chance = abs(move) * rng.normal(1.0, 0.3, len(have))
        for metric, unit, values in (("V20Gy[%]", "%", v20 + chance), ("Mean[Gy]", "Gy", mean + 0.4 * chance)):
            for patient, value in zip(have["patient"], values, strict=True):
                head = (patient, "Lungs-GTV", change, weighting, direction, shift_mm)
                rows.append((*head, metric, value, unit))
    names = ["patient", "structure", "change", "weighting", "direction", "shift_mm", "metric", "value", "unit"]
    sweep = pd.DataFrame(rows, columns=names)
    _write(compare_sweep(sweep, analysis, region="40%max"), folder / "sensitivity.csv")


def _write_cytokine_models(analysis: pd.DataFrame, folder: Path) -> None:
    rows = []
    for name in CYTOKINES:
        for time in ("pre", "during"):
            flags = f"{name}_{time}_below"
            below = analysis[flags].astype(str).eq("True") if flags in analysis else pd.Series(False, analysis.index)
            value = analysis[f"{name}_{time}"] * np.where(below, 2.0, 1.0)
            rows.append(pd.DataFrame({
                "patient": analysis["patient"], "cytokine": name, "timepoint": time, "value": value, "below": below,
                "above": False, "plate": [f"{name}-{number % 3}" for number in range(len(analysis))],
            }))  # fmt: skip
    settings = AssociationSettings.model_validate({**CONFIG["association"], "cytokines": list(CYTOKINES)})
    draws = pd.concat(rows, ignore_index=True).dropna(subset=["value"])
    table = model_cytokines(analysis, draws, settings=settings, rng=np.random.default_rng(1), dictionary=_dictionary())
    _write(table, folder / "cytokine_models.csv")
    strata = AssociationSettings(families={"dose": ["v20_pct"]}, strata={"sex": ["v20_pct", "lung_disease"]})
    _write(compare_strata(analysis, settings=strata, dictionary=_dictionary()), folder / "strata.csv")


def _write_gaps(analysis: pd.DataFrame, folder: Path) -> None:
    tables = describe_gaps(
        _with_times(analysis),
        columns=["fev1_pct" if "fev1_pct" in analysis else "mld_gy", "fmld_gy", "fv20_pct", "il6_pre"],
        models={name: LogisticSettings.model_validate(model) for name, model in CONFIG["models"].items()},
        settings=MissingSettings.model_validate(CONFIG["missing"]),
        rng=np.random.default_rng(1),
        dictionary=_dictionary(),
    )
    _write(tables.patterns, folder / "patterns.csv")
    _write(tables.models, folder / "models.csv")


def _write_ntcp(analysis: pd.DataFrame, name: str, fit: dict[str, Any], folder: Path) -> None:
    column = "mld_gy" if fit["weighting"] == "anatomical" else "fmld_gy"
    used = analysis[analysis["rp"].notna() & analysis[column].notna()]
    dose, y = used[column].to_numpy(float), used["rp"].to_numpy(float)
    beta, covariance, loglik = logistic(dose[:, None], y)
    grid = np.linspace(0, 40, 81)
    design = np.column_stack([np.ones_like(grid), grid])
    error = np.sqrt(np.einsum("ij,jk,ik->i", design, covariance, design))
    curve = {
        key: 1 / (1 + np.exp(-(design @ beta + z * error)))
        for key, z in (("ntcp", 0.0), ("low", -1.96), ("high", 1.96))
    }
    _write(pd.DataFrame({"dose_gy": grid, **curve}), folder / "curve.csv")
    bins = []
    for part in np.array_split(np.argsort(dose), 5):
        k, n = int(y[part].sum()), len(part)
        half = 1.96 * math.sqrt(max(k, 0.5) / n * (1 - max(k, 0.5) / n) / n)
        bins.append(
            {
                "dose_gy": dose[part].mean(),
                "n": n,
                "events": k,
                "rate": k / n,
                "low": max(0, k / n - half),
                "high": min(1, k / n + half),
            }
        )
    _write(pd.DataFrame(bins), folder / "bins.csv")
    td50, gamma50 = float(-beta[0] / beta[1]), float(-beta[0] / 4)
    parameters = [
        {
            "parameter": "td50",
            "unit": "Gy",
            "estimate": td50,
            "low": td50 - 4,
            "high": td50 + 9,
            "fixed": False,
            "at_boundary": False,
        }
    ]
    if fit["model"] == "lkb":
        fixed = "n" in fit["fixed"]
        parameters.append(
            {
                "parameter": "m",
                "unit": "",
                "estimate": 0.42,
                "low": 0.3,
                "high": 0.62,
                "fixed": False,
                "at_boundary": False,
            }
        )
        parameters.append(
            {
                "parameter": "n",
                "unit": "",
                "estimate": 1.0,
                "low": None if fixed else 0.4,
                "high": None,
                "fixed": fixed,
                "at_boundary": not fixed,
            }
        )
    else:
        parameters.append(
            {
                "parameter": "gamma50",
                "unit": "",
                "estimate": gamma50,
                "low": gamma50 * 0.6,
                "high": gamma50 * 1.5,
                "fixed": False,
                "at_boundary": False,
            }
        )
    warnings = [f"TD50 {td50:.1f} Gy lies beyond the highest dose in the data ({dose.max():.1f} Gy): an extrapolation"]
    _write_json(
        {
            "ntcp": name,
            "model": fit["model"],
            "structure": fit["structure"],
            "weighting": fit["weighting"],
            "quantity": fit["quantity"],
            "alpha_beta_gy": None,
            "fixed": fit["fixed"],
            "n": len(y),
            "events": int(y.sum()),
            "loglik": loglik,
            "aic": 4 - 2 * loglik,
            "converged": True,
            "parameters": parameters,
            "beyond_doses": "estimate" if td50 > dose.max() else None,
            "warnings": warnings if td50 > dose.max() else [],
        },
        folder / "fit.json",
    )
    _write(
        pd.DataFrame(
            {
                "patient": used["patient"],
                "rp": y,
                "dose_gy": dose,
                "ntcp": 1 / (1 + np.exp(-(beta[0] + beta[1] * dose))),
            }
        ),
        folder / "predictions.csv",
    )


def _write_updates(analysis: pd.DataFrame, folder: Path) -> None:
    names = {"model": "quantec_logistic_2010", "label": "QUANTEC logistic 2010"}
    n, events = int(analysis["rp"].notna().sum()), int((analysis["rp"] == 1).sum())
    update = {
        **names, "answer": "intercept", "reason": "", "n": n, "events": events, "estimated": 1, "p": 0.011,
        "aic": 113.4,
        "equation": "logit(NTCP) = -3.27 + 0.126 D, D = mean physical dose in Gy; TD50 = 25.95 Gy; gamma50 = 0.8175",
        "published_equation": "logit(NTCP) = -3.87 + 0.126 D, D = mean physical dose in Gy", "expected_slope": None,
        "caveats": "22 events, fewer than 100: the update is uncertain",
        "bayes_equation": "logit(NTCP) = -3.51 + 0.133 D, D = mean physical dose in Gy", "prior_share": 0.68,
        "prior_patients": 191.0, "conflict_p": 0.12, "bayes_note": "The published parameters carry 68 %.",
    }  # fmt: skip
    _write(pd.DataFrame([update]), folder / "updates.csv")
    steps = [("original", 0, -60.1, 9.0, 2, 0.011), ("intercept", 1, -55.7, 0.2, 1, 0.65)]
    steps.append(("recalibration", 2, -55.6, None, None, None))
    table = pd.DataFrame(steps, columns=["method", "estimated", "loglik", "lr", "df", "p"])
    chosen = table["method"] == "intercept"
    _write(table.assign(tested=table["p"].notna(), chosen=chosen, **names), folder / "update_steps.csv")
    columns = ["method", "chosen", "parameter", "unit", "estimated", "published", "published_low", "published_high"]
    parameters = [
        ("intercept", True, "intercept", "", True, -3.87, -4.49, -3.33, -3.27, -3.75, -2.81),
        ("intercept", True, "dose_gy", "log odds per Gy", False, 0.126, 0.1, 0.153, 0.126, None, None),
        ("bayes", False, "b0", "", True, -3.87, -4.49, -3.33, -3.51, -3.96, -3.06),
    ]
    table = pd.DataFrame(parameters, columns=[*columns, "estimate", "low", "high"])
    _write(table.assign(**names), folder / "update_parameters.csv")
    dose, risk = np.arange(0.0, 31.0), np.linspace(0.05, 0.6, 31)
    curves = [
        pd.DataFrame({"method": method, "dose_gy": dose, "ntcp": risk, "low": 0.8 * risk, "high": 1.2 * risk})
        for method in ("intercept", "bayes")
    ]
    _write(pd.concat(curves).assign(quantity="physical", **names), folder / "update_curves.csv")
    grid = np.linspace(0.05, 0.4, 20)
    _write(pd.DataFrame({"predicted": grid, "observed": grid**0.8}).assign(**names), folder / "calibration.csv")
    benefit = pd.DataFrame({"threshold": grid, "net_benefit": 0.2 - grid / 2, "all": 0.22 - 0.7 * grid})
    _write(benefit.assign(**names), folder / "net_benefit.csv")


def _write_published(analysis: pd.DataFrame, folder: Path) -> None:
    grid = np.linspace(0, 40, 81)
    labels = {
        "quantec_logistic_2010": "QUANTEC logistic 2010",
        "appelt_2014": "Appelt 2014, QUANTEC with risk factors (reference patient)",
    }
    curves = [
        pd.DataFrame({"model": m, "label": labels[m], "dose_gy": grid, "ntcp": 1 / (1 + np.exp(-(b0 + b1 * grid)))})
        for m, b0, b1 in (("quantec_logistic_2010", -3.87, 0.126), ("appelt_2014", -4.76, 0.1384))
    ]
    _write(pd.concat(curves), folder / "curves.csv")
    used = analysis[analysis["rp"].notna()]
    row = {
        "structure": "Lungs-GTV",
        "quantity": "physical",
        "n": len(used),
        "events": int(used["rp"].sum()),
        "observed": float(used["rp"].mean()),
        "mean_predicted": 0.14,
        "auc": 0.7,
        "auc_low": 0.58,
        "auc_high": 0.8,
        "citl": 0.6,
        "citl_low": 0.1,
        "citl_high": 1.1,
        "slope": 1.2,
        "slope_low": 0.5,
        "slope_high": 1.9,
        "brier": 0.17,
        "scaled_brier": -0.05,
        "ici": 0.08,
        "e90": 0.15,
    }
    table = pd.DataFrame(
        [
            {
                "model": "quantec_logistic_2010",
                "label": labels["quantec_logistic_2010"],
                "status": "allowed",
                "note": "made for both lungs; applied to Lungs-GTV",
                **row,
            },
            {
                "model": "appelt_2014",
                "label": labels["appelt_2014"],
                "status": "refused",
                "note": "the column of sequential chemotherapy is missing",
            },
        ]
    )
    _write(table, folder / "validation.csv")
    sweep = pd.DataFrame({"model": "", "label": "Mean EQD2", "alpha_beta_gy": [2.0, 3.0, 4.0], "own": False})
    sweep = sweep.assign(n=len(used), events=int(used["rp"].sum()), mean_dose_gy=[13.1, 13.7, 14.1], observed=0.2)
    numbers = dict.fromkeys(("mean_predicted", "auc", "auc_low", "auc_high", "citl", "citl_low", "citl_high"))
    numbers |= {"td50_gy": 31.0, "td50_low": 24.0, "td50_high": None, "loglik": -40.0}
    _write(sweep.assign(**numbers, note="1 patient left out: several courses"), folder / "alpha_beta.csv")
