"""The answers of ``lungtox ntcp`` as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lungtox.ntcp import RESEARCH_USE, PublishedModel, spoken

LIMITS = "It covers the parameters only, not how well the model fits your patients."
NO_PLACE = "dose per fraction not known, taken as conventional (--dose-per-fraction says it)"


def case_text(model: PublishedModel, result: Mapping[str, Any]) -> str:
    """Give the answer for one case."""
    lines = [f"{model.label}: NTCP {_with_interval(result)} ({model.endpoint})", *_plan_lines(model, result)]
    lines += _interval_lines(model, result)
    if result.get("alpha_beta"):
        lines += _alpha_beta_lines(model, result["alpha_beta"])
    return "\n".join([*lines, *_patient_lines(result), *_source_lines(model)])


def comparison_text(model: PublishedModel, result: Mapping[str, Any]) -> str:
    """Give the answer for two plans of one patient."""
    lines = [f"{model.label} ({model.endpoint})"]
    for plan in result["plans"]:
        lines.append(f"plan {plan['plan']}: NTCP {_with_interval(plan)}")
        lines += [f"  {line}" for line in _plan_lines(model, plan)]
    difference = result["difference"]
    lines.append(f"difference A - B: {_with_interval(difference, unit='percentage points')}")
    if (against := difference["threshold"]) is not None:
        verdict = "reached" if against["reached"] else "not reached"
        certainty = {None: "", True: "; the interval leaves it open", False: "; the interval agrees"}[against["open"]]
        lines.append(f"threshold of {100.0 * against['ntcp']:g} percentage points: {verdict}{certainty}")
    lines += _interval_lines(model, difference)
    if difference["interval"] is not None:
        lines.append("both plans with the same draws of the parameters (paired)")
    lines += [f"warning: {warning}" for warning in result["warnings"]]
    return "\n".join([*lines, *_patient_lines(result), *_source_lines(model)])


def _with_interval(result: Mapping[str, Any], *, unit: str = "%") -> str:
    value, interval = 100.0 * result["ntcp"], result["interval"]
    if interval is None:
        return f"{value:.1f} {unit}, no interval"
    level = f"{100.0 * interval['level']:g} % interval"
    return f"{value:.1f} {unit} ({level} {100.0 * interval['low']:.1f} to {100.0 * interval['high']:.1f})"


def _interval_lines(model: PublishedModel, result: Mapping[str, Any]) -> list[str]:
    interval = result["interval"]
    if interval is None:
        return [f"no interval: {result['no_interval']}"]
    alone = f"{100.0 * interval['low_independent']:.1f} to {100.0 * interval['high_independent']:.1f}"
    if model.status == "fit":
        return [f"interval: {interval['assumption']}. {LIMITS}"]
    names = spoken(interval["varied"])
    return [f"interval: from the printed intervals of {names}; {interval['assumption']}; independent {alone}. {LIMITS}"]


def _plan_lines(model: PublishedModel, plan: Mapping[str, Any]) -> list[str]:
    name = "gEUD" if model.parameters.get("n", 1.0) != 1.0 else "mean dose"
    quantity = "EQD2" if model.quantity == "eqd2" else "physical"
    where = f" of {plan['structure']}" if plan["structure"] else ""
    where += "" if model.weighting == "anatomical" else f" ({model.weighting})"
    each = plan["dose_per_fraction_gy"]
    lines = [
        f"{name}{where} {plan['dose_gy']:.2f} Gy, {quantity}; {plan['status']}",
        NO_PLACE if each is None else f"{each:.3g} Gy per fraction",
    ]
    if plan["note"]:
        lines.append(f"note: {plan['note']}")
    return lines + [f"warning: {warning}" for warning in plan["warnings"]]


def _alpha_beta_lines(model: PublishedModel, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    own = " or ".join(f"{value:g}" for value in model.alpha_beta_gy)
    lines = [
        f"with other alpha/betas (EQD2 bin by bin from the physical dose; the parameters stay those of {own} Gy):",
        "  alpha/beta  dose [Gy]  NTCP",
    ]
    for row in rows:
        mark = "  (the model's own)" if row["own"] else ""
        lines.append(f"  {row['alpha_beta_gy']:>10g}  {row['dose_gy']:>9.2f}  {_with_interval(row)}{mark}")
    return lines


def _patient_lines(result: Mapping[str, Any]) -> list[str]:
    lines = []
    if result["factors"]:
        lines.append("factors: " + ", ".join(f"{key} {value}" for key, value in result["factors"].items()))
        lines.append("the odds ratios and coefficients of factors are taken as exact")
    if result["factors_at_reference"]:
        lines.append("taken at reference, not given: " + ", ".join(result["factors_at_reference"]))
    return lines


def _source_lines(model: PublishedModel) -> list[str]:
    warned = [f"of the fit: {model.note}"] if model.status == "fit" and model.note else []
    numbers = "" if model.status == "fit" else f" (numbers: {model.status})"
    return [*warned, f"{model.citation}{numbers}", RESEARCH_USE]
