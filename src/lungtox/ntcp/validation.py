"""Published models on this cohort: predictions, discrimination and calibration, nothing fitted to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

from lungtox.errors import FitError, InputError, count_of
from lungtox.models import MEASURES, measure_performance, roc
from lungtox.ntcp.alpha_beta import alpha_beta_table
from lungtox.ntcp.calibration import SMALLEST_RISK, measure_calibration
from lungtox.ntcp.cohort_dvhs import read_selected_dvhs
from lungtox.ntcp.config import NtcpSettings
from lungtox.ntcp.fractionation import keep_listed
from lungtox.ntcp.matrix import dvh_faults
from lungtox.ntcp.published import PublishedModel, published_model
from lungtox.ntcp.schemas import PUBLISHED_CURVES, PUBLISHED_PREDICTIONS, VALIDATION
from lungtox.ntcp.update_tables import UpdateTables

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

    from lungtox.dose import Dvh

NUMBERS = list(VALIDATION.columns)[8:]
CURVE_STEP_GY = 0.5
SHORTEST_CURVE_GY = 30.0

Dvhs = Mapping[str, Mapping[str, "Dvh"]]


@dataclass(frozen=True)
class PublishedValidation:
    """What the rule `validate_published` writes (docs/file-contracts.md)."""

    predictions: pd.DataFrame
    validation: pd.DataFrame
    curves: pd.DataFrame
    alpha_beta: pd.DataFrame
    updates: dict[str, pd.DataFrame]
    """By name: updates, update_steps, update_parameters, update_curves, calibration, net_benefit."""


def validate_published(dvh: str | Path, *, cohort: pd.DataFrame, settings: NtcpSettings) -> PublishedValidation:
    """Apply each published model of the settings to the cohort and measure how well it does.

    Parameters
    ----------
    dvh : path of model_dvhs.parquet
    cohort : DataFrame
        The analysis table: ``patient``, ``rp`` and the clinical columns that the models' factors read.
    settings : NtcpSettings

    Returns
    -------
    PublishedValidation
        A model that cannot be applied is a row with status ``refused`` and the reason in ``note``.
    """
    # Physical dose always: EQD2 with other alpha/betas is made from it.
    quantities: list[str] = sorted({"physical", *(published_model(name).quantity for name in settings.published)})
    selections = [(settings.published_structure, "anatomical", quantity) for quantity in quantities]
    by_quantity = dict(zip(quantities, read_selected_dvhs(dvh, *selections), strict=True))
    return validate_on(by_quantity, cohort=cohort, settings=settings)


def validate_on(dvhs: Dvhs, *, cohort: pd.DataFrame, settings: NtcpSettings) -> PublishedValidation:
    """Do the work of `validate_published` on DVHs by quantity and patient."""
    import pandas as pd

    predictions, validation, curves = [], [], []
    updates = UpdateTables()
    for name in settings.published:
        model = published_model(name)
        row, predicted = _apply(model, dvhs.get(model.quantity, {}), cohort, settings)
        validation.append(row)
        if predicted is not None:
            predictions.append(predicted)
            curves.append(_curve(model, highest_gy=float(predicted["dose_gy"].max())))
            updates.add(model, dvhs[model.quantity], found=(row, predicted), cohort=cohort, settings=settings)
    return PublishedValidation(
        predictions=_stacked(predictions, PUBLISHED_PREDICTIONS),
        validation=VALIDATION.validate(pd.DataFrame(validation, columns=list(VALIDATION.columns))),
        curves=_stacked(curves, PUBLISHED_CURVES),
        alpha_beta=alpha_beta_table(dvhs, cohort=cohort, settings=settings),
        updates=updates.tables(),
    )


def _apply(
    model: PublishedModel, dvhs: Mapping[str, Dvh], cohort: pd.DataFrame, settings: NtcpSettings
) -> tuple[dict[str, object], pd.DataFrame | None]:
    row: dict[str, object] = {
        "model": model.name,
        "label": model.label,
        "status": "refused",
        "note": "",
        "structure": settings.published_structure,
        "quantity": model.quantity,
        "n": 0,
        "events": 0,
        **dict.fromkeys(NUMBERS, np.nan),
    }
    absent = sorted({factor.column for factor in model.factors} - set(cohort.columns))
    if absent:
        return {**row, "note": f"needs the clinical columns {', '.join(absent)}"}, None
    with_dvh = cohort[cohort["patient"].isin(list(dvhs))]
    if with_dvh.empty:
        hint = ": name it in dose.eqd2" if model.quantity == "eqd2" else ""
        return {**row, "note": f"no {model.quantity} DVH of {settings.published_structure}{hint}"}, None
    if unusable := [fault for name in with_dvh["patient"] for fault in dvh_faults(str(name), dvhs[str(name)])]:
        others = f" The same of {count_of(len(unusable) - 1, 'other patient')}." if len(unusable) > 1 else ""
        return {**row, "note": f"{InputError(unusable[0])}{others}"}, None
    try:
        acceptance = model.accept(
            dvhs[str(with_dvh["patient"].iloc[0])],
            allow_structure=settings.allow_structure.get(model.name, []),
            allow_unchecked=model.name in settings.allow_unchecked,
        )
        fractionation = keep_listed(model, with_dvh, allowed=model.name in settings.allow_fractionation)
        predicted, left_out = _predict(model, dvhs, fractionation.kept, settings)
    except InputError as error:
        return {**row, "note": " ".join(str(error).split())}, None
    known = predicted[predicted["rp"].notna()]
    outcome, risk = known["rp"].to_numpy(dtype=float), known["ntcp"].to_numpy(dtype=float)
    numbers, finding = _measure(outcome, risk)
    notes = [acceptance.note, *left_out, fractionation.note, finding]
    row |= {
        "status": "allowed" if fractionation.beyond else acceptance.status,
        "note": "; ".join(note for note in notes if note),
        "n": len(known),
        "events": int(outcome.sum()),
        **numbers,
    }
    return row, predicted


def _predict(
    model: PublishedModel, dvhs: Mapping[str, Dvh], cohort: pd.DataFrame, settings: NtcpSettings
) -> tuple[pd.DataFrame, list[str]]:
    """Predict for every patient whose factors are known; say how many are left out and why."""
    import pandas as pd

    allowed = settings.allow_structure.get(model.name, [])
    columns = sorted({factor.column for factor in model.factors})
    rows, unknown = [], dict.fromkeys(columns, 0)
    for record in cohort[["patient", "rp", *columns]].to_dict("records"):
        factors = {column: record[column] for column in columns}
        missing = model.missing_factors(factors)
        for column in missing:
            unknown[column] += 1
        if not missing:
            dvh = dvhs[str(record["patient"])]
            risk = model.ntcp(dvh, factors, allow_structure=allowed)
            rows.append((model.name, record["patient"], record["rp"], model.dose_gy(dvh), risk))
    told = [f"{count_of(count, 'patient')} left out: {column} not known" for column, count in unknown.items() if count]
    table = pd.DataFrame(rows, columns=list(PUBLISHED_PREDICTIONS.columns))
    return table.astype({"rp": "Int64"}), told


def _measure(outcome: np.ndarray, risk: np.ndarray) -> tuple[dict[str, float | None], str]:
    """Measure what can be measured; the finding says what could not."""
    if outcome.size == 0:
        return {}, "no patient left"
    numbers: dict[str, float | None] = {
        "observed": float(outcome.mean()),
        "mean_predicted": float(risk.mean()),
        "brier": float(np.mean((risk - outcome) ** 2)),
    }
    if 0.0 < outcome.mean() < 1.0:
        measured = measure_performance(logit(np.clip(risk, SMALLEST_RISK, 1.0 - SMALLEST_RISK)), outcome)
        numbers |= {name: float(measured[MEASURES.index(name)]) for name in ("scaled_brier", "ici", "e90")}
    findings = []
    try:
        curve = roc(outcome, risk)
        numbers |= {"auc": curve.auc, "auc_low": curve.low, "auc_high": curve.high}
    except FitError as error:
        findings.append(f"no AUC: {error}")
    try:
        found = measure_calibration(outcome, risk)
        numbers |= {name: getattr(found, name) for name in NUMBERS if name.startswith(("citl", "slope"))}
        if found.slope is None:
            findings.append("no calibration slope: predictions are all equal or separate the outcome")
    except FitError as error:
        findings.append(f"no calibration: {error}")
    return numbers, "; ".join(findings)


def _curve(model: PublishedModel, *, highest_gy: float) -> pd.DataFrame:
    """Give NTCP of a uniform dose; for models with factors, of the reference patient."""
    import pandas as pd

    end = max(SHORTEST_CURVE_GY, 5.0 * np.ceil(highest_gy / 5.0))
    doses = np.arange(0.0, end + 0.5 * CURVE_STEP_GY, CURVE_STEP_GY)
    label = f"{model.label} (reference patient)" if model.factors else model.label
    reference = {factor.column: 60.0 for factor in model.factors if factor.per_unit}
    if reference:
        label = f"{model.label} ({', '.join(f'{column} 60' for column in reference)}, otherwise reference patient)"
    risk = [model.ntcp_uniform(float(dose), reference) for dose in doses]
    return pd.DataFrame(
        {"model": model.name, "label": label, "quantity": model.quantity, "dose_gy": doses, "ntcp": risk}
    )


def _stacked(tables: list[pd.DataFrame], schema: pa.DataFrameSchema) -> pd.DataFrame:
    import pandas as pd

    if not tables:
        return pd.DataFrame(columns=list(schema.columns))
    return schema.validate(pd.concat(tables, ignore_index=True))
