"""Tables of external validation and updating, for the rule `validate_published`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import FitError, InputError
from lungtox.models import net_benefit, smooth_calibration
from lungtox.ntcp.advice import advise
from lungtox.ntcp.bayes import BayesianUpdate, combine
from lungtox.ntcp.config import NtcpSettings, UpdateSettings
from lungtox.ntcp.equation import write_equation
from lungtox.ntcp.linear_form import LinearForm, linear_form, predictors
from lungtox.ntcp.prior import normal_prior
from lungtox.ntcp.published import PublishedModel
from lungtox.ntcp.schemas import (
    NET_BENEFIT,
    PUBLISHED_CALIBRATION,
    UPDATE_CURVES,
    UPDATE_PARAMETERS,
    UPDATE_STEPS,
    UPDATES,
)
from lungtox.ntcp.update_limits import updated_curve, updated_parameters
from lungtox.ntcp.updating import METHODS, ClosedTest, choose_update

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

    from lungtox.dose import Dvh

CURVE_STEP_GY = 1.0
NOT_MADE_FOR = "applied beyond what it was made for, allowed by name"
SCHEMAS: dict[str, pa.DataFrameSchema] = {
    "updates": UPDATES,
    "update_steps": UPDATE_STEPS,
    "update_parameters": UPDATE_PARAMETERS,
    "update_curves": UPDATE_CURVES,
    "calibration": PUBLISHED_CALIBRATION,
    "net_benefit": NET_BENEFIT,
}


@dataclass
class UpdateTables:
    """Collects the tables model by model; `tables` gives them checked."""

    parts: dict[str, list[pd.DataFrame]] = field(default_factory=lambda: {name: [] for name in SCHEMAS})

    def add(
        self,
        model: PublishedModel,
        dvhs: Mapping[str, Dvh],
        *,
        found: tuple[Mapping[str, Any], pd.DataFrame],
        cohort: pd.DataFrame,
        settings: NtcpSettings,
    ) -> None:
        """Add one model.

        Parameters
        ----------
        model : PublishedModel
        dvhs : mapping
            By patient, in the model's quantity.
        found : tuple of mapping and DataFrame
            Row of validation.csv; ``patient, rp, dose_gy, ntcp`` of the patients that the model could be applied to.
        cohort : DataFrame
            With the model's factors.
        settings : NtcpSettings
        """
        row, predicted = found
        known = predicted[predicted["rp"].notna()]
        outcome, risk = known["rp"].to_numpy(dtype=float), known["ntcp"].to_numpy(dtype=float)
        if 0.0 < outcome.sum() < outcome.size:
            self._add_performance(model, outcome, risk, settings)
        if settings.update is None or not len(known):
            return
        form = linear_form(model)
        patients = [str(name) for name in known["patient"]]
        factors = cohort.set_index(cohort["patient"].astype(str)).loc[patients] if model.factors else None
        allowed = settings.allow_structure.get(model.name, [])
        x = predictors(form, [dvhs[name] for name in patients], factors, allow_structure=allowed)
        highest_gy = float(known["dose_gy"].max())
        made = self._make_update(form, x, outcome, settings.update, highest_gy=highest_gy)
        if row["status"] == "allowed":
            made["caveats"] = "; ".join(part for part in (NOT_MADE_FOR, made.get("caveats", "")) if part)
        self._add("updates", model, {name: [value] for name, value in made.items()})

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give the tables by name, each in its schema."""
        return {name: _stacked(self.parts[name], schema) for name, schema in SCHEMAS.items()}

    def _add_performance(
        self, model: PublishedModel, outcome: np.ndarray, risk: np.ndarray, settings: NtcpSettings
    ) -> None:
        curve = smooth_calibration(risk, outcome)
        observed = np.clip(curve.shares, 0.0, 1.0)
        self._add("calibration", model, {"predicted": curve.risks, "observed": observed})
        chosen = settings.thresholds
        thresholds = np.arange(chosen.low, chosen.high + 0.5 * chosen.step, chosen.step)
        everyone = net_benefit(np.ones_like(risk), outcome, thresholds)
        columns = {"threshold": thresholds, "net_benefit": net_benefit(risk, outcome, thresholds), "all": everyone}
        self._add("net_benefit", model, columns)

    def _make_update(
        self, form: LinearForm, x: np.ndarray, outcome: np.ndarray, settings: UpdateSettings, *, highest_gy: float
    ) -> dict[str, Any]:
        doses = np.arange(0.0, 5.0 * np.ceil(highest_gy / 5.0) + 0.5 * CURVE_STEP_GY, CURVE_STEP_GY)
        row: dict[str, Any] = {
            "n": len(x),
            "events": int(outcome.sum()),
            "published_equation": write_equation(form, form.intercept, form.coefficients),
        }
        try:
            test = choose_update(
                form, x, outcome, alpha=settings.alpha, largest=settings.largest, minimum_events=settings.minimum_events
            )
            row |= self._add_test(test, doses, settings)
        except FitError as error:
            row |= {"answer": "none", "reason": str(error)}
        return row | self._add_bayes(form, x, outcome, doses=doses, settings=settings)

    def _add_test(self, test: ClosedTest, doses: np.ndarray, settings: UpdateSettings) -> dict[str, Any]:
        model = test.form.model
        names = [update.method for update in test.updates]
        reached = names.index(test.chosen.method)
        steps = test.tests.assign(tested=[place <= reached and place < len(names) - 1 for place in range(len(names))])
        self._add("update_steps", model, steps)
        for method in METHODS[1:]:
            if method in names:
                table = _with_printed(updated_parameters(test, method, confidence=settings.confidence), model)
                self._add("update_parameters", model, table.assign(method=method, chosen=method == test.chosen.method))
        advice = advise(test)
        if advice.answer != "none":
            curve = updated_curve(test, doses, confidence=settings.confidence)
            self._add("update_curves", model, curve.assign(method=test.chosen.method, quantity=model.quantity))
        return {
            "answer": advice.answer,
            "reason": advice.reason,
            "estimated": test.chosen.estimated,
            "p": test.updates[0].p,
            "aic": 2.0 * (test.chosen.estimated - test.chosen.loglik) if advice.answer != "none" else None,
            "equation": test.equation if advice.answer != "none" else "",
            "expected_slope": advice.shrinkage,
            "caveats": "; ".join(advice.caveats),
            "beyond_doses": advice.beyond_doses,
        }

    def _add_bayes(
        self, form: LinearForm, x: np.ndarray, outcome: np.ndarray, *, doses: np.ndarray, settings: UpdateSettings
    ) -> dict[str, Any]:
        if not settings.bayes:
            return {}
        model = form.model
        try:
            correlation = settings.prior_correlation.get(model.name, 0.0)
            prior = normal_prior(model, correlation=correlation, between=settings.prior_between)
            found = combine(form, prior, x, outcome)
        except (FitError, InputError) as error:
            return {"bayes_note": " ".join(str(error).split())}
        table = found.parameters(confidence=settings.confidence)
        self._add("update_parameters", model, table.assign(method="bayes", chosen=False, estimated=True))
        curve = found.curve(doses, confidence=settings.confidence)
        self._add("update_curves", model, curve.assign(method="bayes", quantity=model.quantity))
        return {
            "bayes_equation": found.equation,
            "prior_share": found.prior_share,
            "prior_patients": found.worth_patients,
            "conflict_p": found.conflict_p,
            "bayes_note": " ".join([found.weight_words, *_conflict(found, settings.alpha), _assumptions(found)]),
        }

    def _add(self, name: str, model: PublishedModel, columns: Mapping[str, Any] | pd.DataFrame) -> None:
        import pandas as pd

        table = pd.DataFrame(columns).assign(model=model.name, label=model.label)
        self.parts[name].append(table.reindex(columns=list(SCHEMAS[name].columns)))


def _with_printed(table: pd.DataFrame, model: PublishedModel) -> pd.DataFrame:
    """Put the printed intervals beside the parameters that have one."""
    names = {"intercept": "b0", "dose_gy": "b1"}
    printed = [model.intervals.get(names.get(name, name), (np.nan, np.nan)) for name in table["parameter"]]
    return table.assign(published_low=[low for low, _ in printed], published_high=[high for _, high in printed])


def _conflict(found: BayesianUpdate, alpha: float) -> list[str]:
    if found.conflict_p >= alpha:
        return []
    return [
        f"These patients and the published model contradict each other (p = {found.conflict_p:.2g}): what closed "
        "testing chose is to be preferred to their average, or a prior with differences between hospitals "
        "(prior_between)."
    ]


def _assumptions(found: BayesianUpdate) -> str:
    first, second = found.prior.names
    told = [f"Assumed: correlation {found.prior.correlation:g} between {first} and {second}"]
    if found.prior.between:
        told.append(f"hospitals differ by {found.prior.between:g} (standard deviation of the intercept)")
    else:
        told.append("the printed intervals alone, without differences between hospitals")
    if found.form.model.factors:
        told.append("factors as published")
    return "; ".join(told) + "."


def _stacked(parts: list[pd.DataFrame], schema: pa.DataFrameSchema) -> pd.DataFrame:
    import pandas as pd

    if not parts:
        return pd.DataFrame(columns=list(schema.columns))
    table = pd.concat([part.astype(object) for part in parts], ignore_index=True)
    texts = [name for name, column in schema.columns.items() if str(column.dtype) == "object"]
    table[texts] = table[texts].fillna("")
    return schema.validate(table)
