"""What ``lungtox ntcp`` answers: risk of a case with its interval, two plans compared, sensitivity to alpha/beta."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lungtox.commands.ntcp_case import Case, choose_dvh
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.ntcp import (
    RESEARCH_USE,
    NtcpInterval,
    ParameterDraws,
    PublishedModel,
    draw_parameters,
    eqd2_dvhs,
    interval_of,
    no_interval_reason,
    ntcp_draws,
    risk_of,
)
from lungtox.randomness import task_rng

if TYPE_CHECKING:
    from lungtox.dose import Dvh

SEED = 1
SAME_VOLUME = 0.01
UNLIKE_FRACTION_GY = 0.2


@dataclass(frozen=True)
class Question:
    """What is asked of a case: the model, the patient's factors, and what is allowed by name."""

    model: PublishedModel
    factors: Mapping[str, object]
    allow_structure: tuple[str, ...] = ()
    allow_fractionation: bool = False
    correlation: float | None = None

    def draws(self) -> ParameterDraws | None:
        """Draw the parameters; the same numbers at each call, so that two plans share them."""
        rng = task_rng(SEED, "ntcp-interval")
        return draw_parameters(self.model, rng, correlation=self.correlation)


@dataclass(frozen=True)
class Accepted:
    """A dose that the model takes, and under which label."""

    dose: Dvh | float
    status: str
    note: str
    warnings: tuple[str, ...]


def answer_case(asked: Question, case: Case) -> dict[str, Any]:
    """Give NTCP of one case with its interval, as `--json` prints it."""
    taken = _accept(asked, case)
    return _risk(asked, case, taken, asked.draws()) | _about(asked)


def answer_comparison(asked: Question, case_a: Case, case_b: Case, *, threshold: float | None = None) -> dict[str, Any]:
    """Give NTCP of two plans of one patient and their difference A - B; both use the same parameter draws.

    Parameters
    ----------
    asked : Question
    case_a, case_b : Case
    threshold : float, optional
        Difference (0..1) from which plan B would be chosen: whether it is reached, and whether the interval agrees.
    """
    taken_a, taken_b = _accept(asked, case_a), _accept(asked, case_b)
    drawn = asked.draws()
    plans = [_risk(asked, case_a, taken_a, drawn), _risk(asked, case_b, taken_b, drawn)]
    interval = None
    if drawn is not None:
        interval = interval_of(
            lambda values: (
                ntcp_draws(asked.model, taken_a.dose, asked.factors, values)
                - ntcp_draws(asked.model, taken_b.dose, asked.factors, values)
            ),
            drawn,
        )
    difference = plans[0]["ntcp"] - plans[1]["ntcp"]
    return {
        "plans": [{"plan": name, **plan} for name, plan in zip("AB", plans, strict=True)],
        "difference": {
            "ntcp": difference,
            "of": "A - B",
            **_interval(asked, interval),
            "threshold": None if threshold is None else _against(threshold, difference, interval),
        },
        "warnings": _unlike(case_a, case_b, taken_a, taken_b),
        **_about(asked),
    }


def answer_alpha_beta(asked: Question, case: Case, values_gy: Sequence[float]) -> list[dict[str, Any]]:
    """Give NTCP with EQD2 of other alpha/betas, made bin by bin from the physical dose; the parameters stay."""
    model = asked.model
    if model.quantity != "eqd2":
        raise ParameterError(f"--alpha-beta is for models in EQD2; {model.name} takes physical dose")
    taken = _accept(asked, case)
    if isinstance(taken.dose, float):
        raise ParameterError("--alpha-beta needs a DVH: the mean of EQD2 is not the EQD2 of the mean")
    structure = taken.dose.structure
    physical = [dvh for dvh in case.dvhs if dvh.quantity == "physical" and dvh.structure == structure]
    if not physical or case.fractions is None:
        found = "no DVH of the physical dose" if not physical else "no number of fractions"
        action = "Give the DVH of the physical dose of one plan and --fractions, or DICOM files with --plan."
        raise InputError(Fault("--alpha-beta", "physical dose and its fractions", found, action, "ntcp-alpha-beta"))
    drawn = asked.draws()
    rows = []
    for value, dvh in eqd2_dvhs(physical[0], case.fractions, values_gy).items():
        interval = None if drawn is None else _interval_at(asked, dvh, drawn)
        row = {"alpha_beta_gy": value, "own": value in model.alpha_beta_gy, "dose_gy": model.dose_gy(dvh)}
        rows.append({**row, "ntcp": risk_of(model, dvh), "interval": None if interval is None else asdict(interval)})
    return rows


def _accept(asked: Question, case: Case) -> Accepted:
    model = asked.model
    if case.mean_gy is None:
        dvh = choose_dvh(model, case.dvhs, asked.allow_structure)
        acceptance = model.accept(
            dvh,
            allow_structure=asked.allow_structure,
            fraction_gy=case.fraction_gy,
            allow_fractionation=asked.allow_fractionation,
        )
        warnings = [*_whole_lung(dvh, case.dvhs), *dict.fromkeys([*case.warnings, *dvh.warnings])]
        return Accepted(dvh, acceptance.status, acceptance.note, tuple(warnings))
    model.require_quantity(case.quantity)
    model.require_mean(case.mean_gy)
    unlisted = model.fractionation_note(case.fraction_gy)
    if unlisted and not asked.allow_fractionation:
        raise model.fractionation_refusal(unlisted)
    weighted = "" if model.weighting == "anatomical" else f", {model.weighting}"
    note = f"the mean dose is taken as that of {' or '.join(model.structures)}{weighted}"
    if model.parameters.get("n", 1.0) != 1.0:
        note += f"; n = {model.parameters['n']:g} is taken as 1, the mean"
    note += f"; {unlisted}: allowed by name" if unlisted else ""
    return Accepted(case.mean_gy, "allowed" if unlisted else "applied", note, case.warnings)


def _risk(asked: Question, case: Case, taken: Accepted, drawn: ParameterDraws | None) -> dict[str, Any]:
    model, dose = asked.model, taken.dose
    if isinstance(dose, float):
        risk, summary, structure = model.ntcp(dose, asked.factors), dose, None
    else:
        risk = model.ntcp(dose, asked.factors, allow_structure=asked.allow_structure)
        summary, structure = model.dose_gy(dose), dose.structure
    warnings = list(taken.warnings)
    if model.dose_range_gy is not None and not model.dose_range_gy[0] <= summary <= model.dose_range_gy[1]:
        low, high = model.dose_range_gy
        warnings.append(f"{summary:.1f} Gy is outside the {low:.1f} to {high:.1f} Gy of the fit: an extrapolation")
    interval = None if drawn is None else _interval_at(asked, dose, drawn)
    return {
        "ntcp": risk,
        **_interval(asked, interval),
        "dose_gy": summary,
        "structure": structure,
        "status": taken.status,
        "note": taken.note,
        "dose_per_fraction_gy": case.fraction_gy,
        "warnings": warnings,
    }


def _interval_at(asked: Question, dose: Dvh | float, drawn: ParameterDraws) -> NtcpInterval:
    return interval_of(lambda values: ntcp_draws(asked.model, dose, asked.factors, values), drawn)


def _interval(asked: Question, interval: NtcpInterval | None) -> dict[str, Any]:
    if interval is None:
        return {"interval": None, "no_interval": no_interval_reason(asked.model)}
    return {"interval": asdict(interval), "no_interval": None}


def _against(threshold: float, difference: float, interval: NtcpInterval | None) -> dict[str, Any]:
    """Say whether a difference reaches the threshold, and whether its interval leaves that open."""
    reached = difference >= threshold
    is_open = None if interval is None else interval.low < threshold <= interval.high
    return {"ntcp": threshold, "reached": reached, "open": is_open}


def _about(asked: Question) -> dict[str, Any]:
    model = asked.model
    return {
        "model": model.name,
        "label": model.label,
        "quantity": model.quantity,
        "endpoint": model.endpoint,
        "fractionation": model.fractionation,
        "factors": dict(asked.factors),
        "factors_at_reference": sorted({factor.column for factor in model.factors} - set(asked.factors)),
        "citation": model.citation,
        "checked": model.status,
        "model_note": model.note,
        "research_use": RESEARCH_USE,
    }


def _whole_lung(dvh: Dvh, dvhs: Sequence[Dvh]) -> list[str]:
    """Say that the tumour counts as lung where no structure without it was there."""
    if dvh.structure == "Lungs" and not any(other.structure == "Lungs-GTV" for other in dvhs):
        return ["no GTV: the dose is that of both whole lungs, tumour included"]
    return []


def _unlike(case_a: Case, case_b: Case, taken_a: Accepted, taken_b: Accepted) -> list[str]:
    """Refuse plans whose doses are not of one structure; say what else makes them hard to compare."""
    warnings = []
    a, b = taken_a.dose, taken_b.dose
    if not isinstance(a, float) and not isinstance(b, float):
        if a.structure != b.structure:
            action = "Give both plans with the same structures."
            found = f"{a.structure} in A, {b.structure} in B"
            raise InputError(Fault("--compare", "one structure in both plans", found, action, "ntcp-compare"))
        known = not (a.relative_volume or b.relative_volume)
        if known and abs(a.structure_cc - b.structure_cc) > SAME_VOLUME * max(a.structure_cc, b.structure_cc):
            sizes = f"{a.structure_cc:.0f} and {b.structure_cc:.0f} cc"
            warnings.append(f"{a.structure} has {sizes}: the same contours in both plans?")
    each = (case_a.fraction_gy, case_b.fraction_gy)
    if None not in each and abs(float(each[0] or 0) - float(each[1] or 0)) > UNLIKE_FRACTION_GY:
        warnings.append(f"{each[0]:.3g} and {each[1]:.3g} Gy per fraction: a model in physical dose does not see that")
    return warnings
