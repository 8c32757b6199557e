"""``lungtox ntcp``: a published or fitted model applied to one case, or to two plans of one patient."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import typer

from lungtox.commands.ntcp_answer import Question, answer_alpha_beta, answer_case, answer_comparison
from lungtox.commands.ntcp_case import Source, read_case
from lungtox.commands.ntcp_options import (
    AllowFractionation,
    AllowStructure,
    AllowUnchecked,
    AlphaBeta,
    AsJson,
    Correlation,
    DoseFile,
    DosePerFraction,
    DvhFile,
    Factors,
    FitFile,
    Fractions,
    GtvRois,
    LungIs,
    LungRois,
    MeanDose,
    MeanDoseQuantity,
    ModelName,
    PlanFiles,
    StructFiles,
    Threshold,
    TwoPlans,
)
from lungtox.commands.ntcp_text import case_text, comparison_text
from lungtox.errors import ParameterError
from lungtox.ntcp import PublishedModel, published_model, read_fitted_model

Value = TypeVar("Value")
ALPHA_BETA_STEP_GY = 0.5


def ntcp(
    model: ModelName = None,
    fit: FitFile = None,
    struct: StructFiles = None,
    dose: DoseFile = None,
    plan: PlanFiles = None,
    lung: LungRois = None,
    gtv: GtvRois = None,
    dvh: DvhFile = None,
    lung_is: LungIs = None,
    fractions: Fractions = None,
    dose_per_fraction: DosePerFraction = None,
    mld: MeanDose = None,
    mld_quantity: MeanDoseQuantity = None,
    compare: TwoPlans = None,
    threshold: Threshold = None,
    alpha_beta: AlphaBeta = None,
    factor: Factors = None,
    correlation: Correlation = None,
    allow_structure: AllowStructure = None,
    allow_fractionation: AllowFractionation = False,
    allow_unchecked: AllowUnchecked = False,
    as_json: AsJson = False,
) -> None:
    """Give the risk of pneumonitis of one case or of two plans. Research use, not for treatment decisions."""
    chosen = _model(model, fit, allow_unchecked=allow_unchecked)
    asked = Question(
        chosen, _factors(chosen, factor or []), tuple(allow_structure or ()), allow_fractionation, correlation
    )
    common = Source(lungs=tuple(lung or ()), gtvs=tuple(gtv or ()), lung_is=lung_is, mean_quantity=mld_quantity)
    plans = 1 if compare is None else 2
    each = [
        replace(common, struct=one, plan=plan_file, fractions=number, fraction_gy=each_gy)
        for one, plan_file, number, each_gy in zip(
            _for_plans("--struct", struct, plans),
            _for_plans("--plan", plan, plans, shared=False),
            _for_plans("--fractions", fractions, plans),
            _for_plans("--dose-per-fraction", dose_per_fraction, plans),
            strict=True,
        )
    ]
    if compare is not None:
        if dose is not None or dvh is not None or mld is not None or alpha_beta is not None:
            raise ParameterError("--compare names both plans: leave out --dose, --dvh, --mld and --alpha-beta")
        result, text = _answer_two(asked, _compared(compare, each), threshold)
    else:
        if threshold is not None:
            raise ParameterError("--threshold goes with --compare")
        result, text = _answer_one(asked, replace(each[0], dose=dose, dvh=dvh, mean_gy=mld), alpha_beta)
    typer.echo(json.dumps(result, indent=1, ensure_ascii=False) if as_json else text)


def _answer_two(asked: Question, sources: Sequence[Source], threshold_pct: float | None) -> tuple[dict[str, Any], str]:
    a, b = (read_case(asked.model, source) for source in sources)
    result = answer_comparison(asked, a, b, threshold=None if threshold_pct is None else threshold_pct / 100.0)
    return result, comparison_text(asked.model, result)


def _answer_one(asked: Question, source: Source, alpha_beta: str | None) -> tuple[dict[str, Any], str]:
    case = read_case(asked.model, source)
    result = answer_case(asked, case)
    if alpha_beta is not None:
        result["alpha_beta"] = answer_alpha_beta(asked, case, _alpha_betas(alpha_beta))
    return result, case_text(asked.model, result)


def _model(name: str | None, fit: Path | None, *, allow_unchecked: bool) -> PublishedModel:
    if (name is None) == (fit is None):
        raise ParameterError("give one of --model (a published one) and --fit (fit.json of a run)")
    chosen = published_model(name) if name is not None else read_fitted_model(str(fit))
    if not (chosen.default_ok or allow_unchecked):
        found = f"{chosen.status}. {chosen.checked}"
        action = f"Check the paper, then give --allow-unchecked. {chosen.note}".strip()
        raise chosen.refusal("a model with checked numbers", found, action)
    return chosen


def _factors(model: PublishedModel, given: list[str]) -> dict[str, object]:
    columns = sorted({factor.column for factor in model.factors})
    factors: dict[str, object] = {}
    for item in given:
        key, separator, value = item.partition("=")
        if not separator or not value:
            raise ParameterError(f"--factor takes key=value, got {item!r}")
        if key not in columns:
            uses = f"it uses {', '.join(columns)}" if columns else "it uses none"
            raise ParameterError(f"{model.name} has no factor {key!r}; {uses}")
        if key in factors:
            raise ParameterError(f"--factor {key} is given twice")
        factors[key] = value
    return factors


def _for_plans(
    option: str, values: Sequence[Value] | None, plans: int, *, shared: bool = True
) -> tuple[Value | None, ...]:
    """Give an option's value for each plan: none, one for all (where it can be shared), or one each."""
    given = tuple(values or ())
    if not given:
        return (None,) * plans
    if len(given) == plans:
        return given
    if len(given) == 1 and shared:
        return given * plans
    times = "once" if plans == 1 else "once or twice" if shared else "twice: of A, then of B"
    raise ParameterError(f"give {option} {times}")


def _compared(compare: tuple[str, str], each: Sequence[Source]) -> list[Source]:
    """Say what the two plans of --compare are: doses, mean doses or DVH files."""
    if each[0].struct is not None:
        return [replace(source, dose=Path(text)) for source, text in zip(each, compare, strict=True)]
    means = [_number(text) for text in compare]
    if None not in means:
        return [replace(source, mean_gy=mean) for source, mean in zip(each, means, strict=True)]
    if any(mean is not None for mean in means):
        raise ParameterError("--compare takes two files or two mean doses, not one of each")
    return [replace(source, dvh=Path(text)) for source, text in zip(each, compare, strict=True)]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _alpha_betas(text: str) -> list[float]:
    """Read ``2:4`` (steps of 0.5 Gy) or ``2,3,4``."""
    low, separator, high = text.partition(":")
    values = [_number(low), _number(high)] if separator else [_number(part) for part in text.split(",")]
    known = sorted({value for value in values if value is not None and 0.1 <= value <= 50.0})
    if len(known) != len(values):
        raise ParameterError(f"--alpha-beta takes 2:4 or 2,3,4 (Gy, 0.1 to 50), got {text!r}")
    if not separator:
        return known
    steps = round((known[-1] - known[0]) / ALPHA_BETA_STEP_GY + 1e-9)
    inner = [known[0] + step * ALPHA_BETA_STEP_GY for step in range(int(steps) + 1)]
    return [value for value in inner if value < known[-1]] + [known[-1]]
