"""``lungtox ntcp``: a published or fitted model applied to one case, or to two plans of one patient."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from lungtox.commands.ntcp_answer import Question, answer_alpha_beta, answer_case, answer_comparison
from lungtox.commands.ntcp_case import Source, read_case
from lungtox.commands.ntcp_text import case_text, comparison_text
from lungtox.errors import ParameterError
from lungtox.ntcp import PublishedModel, published_model, read_fitted_model

Value = TypeVar("Value")
ALPHA_BETA_STEP_GY = 0.5


def ntcp(
    model: Annotated[
        str | None, typer.Option("--model", help="Name of a published model; `lungtox models` lists them.")
    ] = None,
    fit: Annotated[
        Path | None, typer.Option(help="In place of --model: a cohort's own fit, fit.json in results/ntcp/NAME.")
    ] = None,
    struct: Annotated[
        list[Path] | None,
        typer.Option(help="DICOM structure set, with --dose or --compare (there once, or one for each plan)."),
    ] = None,
    dose: Annotated[Path | None, typer.Option(help="DICOM dose of the whole plan, with --struct.")] = None,
    plan: Annotated[
        list[Path] | None,
        typer.Option(help="DICOM plan: dose per fraction, and EQD2. With --compare twice: of A, of B."),
    ] = None,
    lung: Annotated[
        list[str] | None, typer.Option(help="ROI of a lung, if not named as in TG-263. Repeatable.")
    ] = None,
    gtv: Annotated[list[str] | None, typer.Option(help="ROI of the tumour that is taken out. Repeatable.")] = None,
    dvh: Annotated[
        Path | None, typer.Option(help="DVH table of one patient (.dvh.parquet), or a planning system's DVH export.")
    ] = None,
    lung_is: Annotated[
        str | None, typer.Option(help="What --lung of a DVH export is: Lungs (tumour included) or Lungs-GTV.")
    ] = None,
    fractions: Annotated[
        list[int] | None,
        typer.Option(min=1, max=100, help="Fractions of a DVH file, for models in EQD2. With --compare once or twice."),
    ] = None,
    dose_per_fraction: Annotated[
        list[float] | None,
        typer.Option(
            min=0.1, max=40, help="Gy per fraction to the target, where the input does not say it. --compare: or twice."
        ),
    ] = None,
    mld: Annotated[float | None, typer.Option(help="Mean lung dose in Gy, with --mld-quantity.")] = None,
    mld_quantity: Annotated[str | None, typer.Option(help="Quantity of a mean dose: physical or eqd2.")] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="Two plans of one patient: doses (with --struct), DVH files, or mean doses (with --mld-quantity).",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="With --compare: percentage points of A - B from which B would be chosen."),
    ] = None,
    alpha_beta: Annotated[
        str | None, typer.Option(help="Also with EQD2 of these alpha/betas: 2:4 (steps of 0.5 Gy) or 2,3,4.")
    ] = None,
    factor: Annotated[
        list[str] | None, typer.Option(help="Clinical value such as smoking=former or age_y=70. Repeatable.")
    ] = None,
    correlation: Annotated[
        float | None, typer.Option(help="Correlation of the model's two parameters, where you know it (-1 to 1).")
    ] = None,
    allow_structure: Annotated[
        list[str] | None, typer.Option(help="Structure that the model does not list but may be applied to.")
    ] = None,
    allow_fractionation: Annotated[
        bool, typer.Option(help="Apply a model to more Gy per fraction than it was made for; labelled so.")
    ] = False,
    allow_unchecked: Annotated[bool, typer.Option(help="Use a model although its numbers were not checked.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
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
        a, b = (read_case(chosen, source) for source in _compared(compare, each))
        result = answer_comparison(asked, a, b, threshold=None if threshold is None else threshold / 100.0)
        text = comparison_text(chosen, result)
    else:
        if threshold is not None:
            raise ParameterError("--threshold goes with --compare")
        case = read_case(chosen, replace(each[0], dose=dose, dvh=dvh, mean_gy=mld))
        result = answer_case(asked, case)
        if alpha_beta is not None:
            result["alpha_beta"] = answer_alpha_beta(asked, case, _alpha_betas(alpha_beta))
        text = case_text(chosen, result)
    typer.echo(json.dumps(result, indent=1, ensure_ascii=False) if as_json else text)


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
