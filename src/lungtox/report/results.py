"""Reading a results folder: every table that exists, None for what an analysis does not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungtox.report.result_files import (
    listed_patients,
    read_analysis,
    read_if_there,
    read_labels,
    read_quality,
    read_table,
    read_tables,
    read_units,
)

if TYPE_CHECKING:
    import pandas as pd


ROC_TABLES = {"partial": "partial.csv", "cut_points": "cut_points.csv"}
GAP_TABLES = {"patterns": "patterns.csv", "imputed": "models.csv"}
FRACTIONATION_TABLES = ("schedules", "effects", "ranges", "risks", "sensitivity")
DVH_CURVE_TABLES = ("fits", "comparison", "trend", "prediction")
DELIVERED_TABLES = ("metrics", "paired", "ntcp", "trend", "quality", "fields", "left_out")
AGREEMENT_TABLES = ("metrics", "points", "dispersion", "unpaired", "curve_summary", "curve_unpaired")
MODEL_TABLES = ("selection", "internal_external", "collinearity", "influence")
UPDATE_TABLES = ("updates", "update_steps", "update_parameters")
TIME_TABLES = {"time_groups": "groups.csv", "cox": "cox.csv", "codings": "codings.csv"}


@dataclass(frozen=True)
class ModelResults:
    """Fit and internal validation of one logistic model."""

    name: str
    fit: Mapping[str, Any]
    validation: pd.DataFrame | None
    tables: Mapping[str, pd.DataFrame | None] = field(default_factory=dict)
    """`selection, internal_external, collinearity, influence`; None where a table has no rows."""


@dataclass(frozen=True)
class NtcpResampled:
    """Bootstrap of one NTCP fit: intervals of its parameters, performance corrected for optimism."""

    intervals: pd.DataFrame
    validation: pd.DataFrame


@dataclass(frozen=True)
class Results:
    """Everything that the report draws from.

    Attributes
    ----------
    folder : Path
    config : dict
        The whole config as plain values.
    analysis : DataFrame
    exclusions, table1, flow, missing, sensitivity, univariable, cytokines, ladder, auc, pairs, partial, \
    cut_points, cytokine_models, strata, dose_levels, patterns, imputed, time_groups, cox, codings, published, \
    updates, update_steps, update_parameters, correlations, function_sweep, function_images, \
    pages, printed, printed_checks, alpha_beta, ntcp_criteria, \
comparison : DataFrame or None
        Tables of docs/file-contracts.md; None where the file is absent or has no rows.
    units : dict
        Column -> unit, of cohort/dictionary.csv.
    labels : dict
        Column -> its words, of the same table.
    warnings : tuple of str
        Of cohort/warnings.json.
    qa : tuple of dict
        Quality entries of the patients in analysis and exclusions, in order of study ID.
    models : tuple of ModelResults
    ntcp : tuple of dict
        Contents of ntcp/{ntcp}/fit.json.
    ntcp_resampled : dict
        Fit -> its bootstrap, for those that have one.
    """

    folder: Path
    config: Mapping[str, Any]
    analysis: pd.DataFrame
    exclusions: pd.DataFrame | None
    table1: pd.DataFrame | None
    flow: pd.DataFrame | None
    missing: pd.DataFrame | None
    units: Mapping[str, str]
    warnings: tuple[str, ...]
    qa: tuple[Mapping[str, Any], ...]
    sensitivity: pd.DataFrame | None
    univariable: pd.DataFrame | None
    cytokines: pd.DataFrame | None
    models: tuple[ModelResults, ...]
    auc: pd.DataFrame | None
    pairs: pd.DataFrame | None
    ntcp: tuple[Mapping[str, Any], ...]
    published: pd.DataFrame | None
    updates: pd.DataFrame | None = None
    update_steps: pd.DataFrame | None = None
    update_parameters: pd.DataFrame | None = None
    ntcp_resampled: Mapping[str, NtcpResampled] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    ladder: pd.DataFrame | None = None
    time_groups: pd.DataFrame | None = None
    cox: pd.DataFrame | None = None
    partial: pd.DataFrame | None = None
    cut_points: pd.DataFrame | None = None
    patterns: pd.DataFrame | None = None
    strata: pd.DataFrame | None = None
    cytokine_models: pd.DataFrame | None = None
    imputed: pd.DataFrame | None = None
    codings: pd.DataFrame | None = None
    correlations: pd.DataFrame | None = None
    function_sweep: pd.DataFrame | None = None
    function_images: pd.DataFrame | None = None
    pages: pd.DataFrame | None = None
    printed: pd.DataFrame | None = None
    printed_checks: pd.DataFrame | None = None
    alpha_beta: pd.DataFrame | None = None
    ntcp_criteria: pd.DataFrame | None = None
    comparison: pd.DataFrame | None = None
    dose_levels: pd.DataFrame | None = None
    agreement: Mapping[str, pd.DataFrame | None] = field(default_factory=dict)
    """`metrics, points, dispersion, unpaired, curve_summary, curve_unpaired`; empty where agreement is no part of the
    analysis."""
    fractionation: Mapping[str, pd.DataFrame | None] = field(default_factory=dict)
    """`schedules, effects, ranges, risks, sensitivity`; empty where it is no part of the analysis."""
    dvh_curves: Mapping[str, pd.DataFrame | None] = field(default_factory=dict)
    """`fits, comparison, trend, prediction`; empty where they are no part of the analysis."""
    delivered: Mapping[str, pd.DataFrame | None] = field(default_factory=dict)
    """`metrics, paired, ntcp, trend, quality, fields, left_out` of delivered dose; empty where it is no part."""
    delivered_qa: tuple[Mapping[str, Any], ...] = ()
    """Quality entries of the patients whose dose was accumulated."""

    @property
    def has_outcome(self) -> bool:
        """Whether there is a clinical table."""
        return bool((self.config.get("inputs") or {}).get("clinical", True))

    @property
    def patients(self) -> int:
        """Number of analysed patients."""
        return len(self.analysis)

    @property
    def known(self) -> int:
        """Number of patients with a known outcome."""
        return int(self.analysis["rp"].notna().sum())

    @property
    def events(self) -> int:
        """Number of patients with pneumonitis."""
        return int((self.analysis["rp"] == 1).sum())

    @property
    def functional(self) -> int:
        """Number of analysed patients with a usable function image."""
        analysed = set(self.analysis["patient"])
        return sum(1 for entry in self.qa if entry["patient"] in analysed and _function(entry).get("status") == "ok")

    @property
    def dose_warnings(self) -> dict[str, list[str]]:
        """Warnings of the dose stage -> study IDs, over all patients, word by word."""
        found: dict[str, list[str]] = {}
        for entry in self.qa:
            for text in entry.get("warnings") or ():
                found.setdefault(str(text).removeprefix(f"{entry['patient']}: ").rstrip("."), []).append(
                    entry["patient"]
                )
        return found

    @property
    def cohort_warnings(self) -> tuple[str, ...]:
        """Warnings of the cohort stage without those that it repeats from the dose stage."""
        repeated = tuple(f"{text} (" for text in self.dose_warnings)
        return tuple(text for text in self.warnings if not repeated or not text.startswith(repeated))


def _function(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return entry.get("function") or {}


def read_results(folder: str | Path, config: Mapping[str, Any]) -> Results:
    """Read a results folder.

    Parameters
    ----------
    folder : path of the results
        cohort/analysis.csv has to be there, unless the config has no clinical table; everything else may be missing.
    config : dict
        Names the models and NTCP fits that belong to the analysis: folders of earlier configs are not read.
    """
    root = Path(folder)
    analysis = read_analysis(root, config)
    exclusions = read_table(root / "cohort/exclusions.csv")
    listed = (
        listed_patients(config)
        | set(analysis["patient"])
        | (set() if exclusions is None else set(exclusions["patient"].astype(str)))
    )
    has_cytokines = bool((config.get("inputs") or {}).get("cytokines", True))
    return Results(
        folder=root,
        config=config,
        analysis=analysis,
        exclusions=exclusions,
        table1=read_table(root / "cohort/table1.csv", text=True),
        flow=read_table(root / "cohort/flow.csv"),
        missing=read_table(root / "cohort/missing.csv"),
        units=read_units(root / "cohort/dictionary.csv"),
        labels=read_labels(root / "cohort/dictionary.csv"),
        warnings=tuple(read_if_there(root / "cohort/warnings.json") or ()),
        qa=read_quality(root / "dose", listed),
        sensitivity=read_table(root / "dose/sensitivity.csv"),
        univariable=read_table(root / "association/univariable.csv"),
        cytokines=read_table(root / "association/cytokines.csv") if has_cytokines else None,
        models=tuple(_models(root / "models", list(config.get("models") or {}))),
        ladder=read_table(root / "added_value/ladder.csv") if config.get("ladder") else None,
        auc=read_table(root / "roc/auc.csv"),
        pairs=read_table(root / "roc/pairs.csv"),
        cytokine_models=read_table(root / "association/cytokine_models.csv") if has_cytokines else None,
        dose_levels=read_table(root / "association/dose_levels.csv"),
        strata=read_table(root / "association/strata.csv") if (config.get("association") or {}).get("strata") else None,
        **{name: read_table(root / "roc" / file) for name, file in ROC_TABLES.items()},
        **{name: read_table(root / "missing" / f) if config.get("missing") else None for name, f in GAP_TABLES.items()},
        **{
            name: read_table(root / "time" / file) if config.get("time") else None for name, file in TIME_TABLES.items()
        },
        ntcp=tuple(
            fit
            for name in sorted((config.get("ntcp") or {}).get("fits") or {})
            if (fit := read_if_there(root / "ntcp" / name / "fit.json")) is not None
        ),
        ntcp_resampled=_resampled(root / "ntcp", list((config.get("ntcp") or {}).get("fits") or {})),
        ntcp_criteria=read_table(root / "ntcp/criteria.csv") if (config.get("ntcp") or {}).get("fits") else None,
        published=read_table(root / "ntcp/published/validation.csv"),
        alpha_beta=read_table(root / "ntcp/published/alpha_beta.csv"),
        **{
            name: read_table(root / f"ntcp/published/{name}.csv") if _updated(config) else None
            for name in UPDATE_TABLES
        },
        correlations=read_table(root / "association/metric_correlations.csv"),
        function_sweep=read_table(root / "function/sensitivity.csv") if _swept(config) else None,
        function_images=read_table(root / "function/images.csv") if _swept(config) else None,
        pages=read_table(root / "pages/pages.csv"),
        fractionation=read_tables(root / "fractionation", FRACTIONATION_TABLES, config.get("fractionation")),
        delivered=read_tables(root / "delivered", DELIVERED_TABLES, config.get("delivered")),
        delivered_qa=read_quality(root / "delivered", listed) if config.get("delivered") else (),
        dvh_curves=read_tables(root / "dvh_curves", DVH_CURVE_TABLES, config.get("dvh_curve")),
        agreement=read_tables(root / "agreement", AGREEMENT_TABLES, config.get("agreement") is not None),
        printed=read_table(root / "printed/findings.csv") if config.get("printed") else None,
        printed_checks=read_table(root / "printed/checks.csv", text=True) if config.get("printed") else None,
        comparison=read_table(root / "ntcp/comparison.csv") if (config.get("ntcp") or {}).get("compare") else None,
    )


def _updated(config: Mapping[str, Any]) -> bool:
    """Say whether published models are updated in this analysis."""
    return bool((config.get("ntcp") or {}).get("update"))


def _resampled(folder: Path, names: list[str]) -> dict[str, NtcpResampled]:
    found = {}
    for name in sorted(names):
        intervals, validation = (
            read_table(folder / name / "intervals.csv"),
            read_table(folder / name / "validation.csv"),
        )
        if intervals is not None and validation is not None:
            found[name] = NtcpResampled(intervals, validation)
    return found


def _swept(config: Mapping[str, Any]) -> bool:
    """Say whether the sweep is part of the analysis: a table of an earlier config may still lie in the folder."""
    return bool((config.get("function") or {}).get("sweep"))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a table as dicts."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _models(folder: Path, names: list[str]) -> list[ModelResults]:
    found = []
    for name in sorted(names):
        fit = read_if_there(folder / name / "fit.json")
        if fit is not None:
            tables = {table: read_table(folder / name / f"{table}.csv") for table in MODEL_TABLES}
            found.append(ModelResults(name, fit, read_table(folder / name / "validation.csv"), tables))
    return found
