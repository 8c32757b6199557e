"""The tables of the room, over the patients of a cohort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lungtox.errors import Fault, InputError
from lungtox.fractionation.config import FractionationSettings
from lungtox.fractionation.effect import DoseMoments, dose_moments, effect_gy
from lungtox.fractionation.optimise import Optimisation, optimise_fractions, runs_of, vary_alpha_beta
from lungtox.fractionation.risk import fraction_risks

if TYPE_CHECKING:
    import pandas as pd

    from lungtox.dose import Dvh

REFERENCE_FRACTION_GY = 2.0
SCHEDULE_COLUMNS = [
    "patient", "fractions", "fraction_gy", "total_gy", "days", "tumour_alpha_beta_gy", "bed_given_gy", "eqd2_given_gy",
    "bed_gy", "eqd2_gy", "tumour_effect_gy", "admissible",
]  # fmt: skip
EFFECT_COLUMNS = ["patient", "structure", "alpha_beta_gy", "fractions", "effect_gy", "eqd2_gy", "admissible"]
RANGE_COLUMNS = [
    "patient", "structure", "alpha_beta_gy", "s1", "s2", "ratio", "threshold", "spared_by_more", "rule", "limit_gy",
    "lowest", "highest", "admissible",
]  # fmt: skip
TRADE_COLUMNS = ["patient", "structure", "fractions", "bed_share_pct", "tumour_effect_gy", "effect_gy"]
RISK_COLUMNS = ["patient", "model", "structure", "fractions", "dose_gy", "ntcp", "status", "note"]
SENSITIVITY_COLUMNS = ["patient", "varied", "alpha_beta_gy", "structure", "admissible"]
COMMON = "all"
TRADE_SHARES_PCT = tuple(range(50, 121, 5))


@dataclass(frozen=True)
class FractionationTables:
    """Tables of docs/file-contracts.md.

    Attributes
    ----------
    schedules, effects, ranges, trade, risks, sensitivity : pandas.DataFrame
    """

    schedules: pd.DataFrame
    effects: pd.DataFrame
    ranges: pd.DataFrame
    trade: pd.DataFrame
    risks: pd.DataFrame
    sensitivity: pd.DataFrame


def fractionation_tables(
    dvhs: Iterable[tuple[str, Dvh]],
    settings: FractionationSettings,
    *,
    prescriptions_gy: Mapping[str, float | None] | None = None,
) -> FractionationTables:
    """Optimise every patient.

    Parameters
    ----------
    dvhs : iterable of (patient, Dvh)
        Anatomical DVHs of the physical dose count; others are passed over.
    settings : FractionationSettings
    prescriptions_gy : dict of str to float, optional
        Of the patients' plans, where the settings have no `reference_gy`.

    Raises
    ------
    InputError
        With every patient who lacks a DVH of an organ, or a reference dose.
    """
    import pandas as pd

    by_patient: dict[str, dict[str, Dvh]] = {}
    for patient, dvh in dvhs:
        if (dvh.weighting, dvh.quantity) == ("anatomical", "physical"):
            by_patient.setdefault(patient, {})[dvh.structure] = dvh
    rows: dict[str, list[dict[str, Any]]] = {
        "schedules": [],
        "effects": [],
        "ranges": [],
        "trade": [],
        "risks": [],
        "sensitivity": [],
    }
    faults: list[Fault] = []
    for patient, own in sorted(by_patient.items()):
        try:
            reference_gy = _reference(patient, settings, prescriptions_gy or {})
            for name, found in _patient(own, settings, reference_gy).items():
                rows[name] += [{"patient": patient, **row} for row in found]
        except InputError as error:
            faults += [Fault(f"{patient}, {fault.who}", fault.expected, fault.found, fault.action, fault.code)
                       for fault in error.faults]  # fmt: skip
    if not by_patient:
        action = "Check dose.structures and patients.csv."
        faults.append(Fault("fractionation", "DVHs of physical dose", "none", action, "fractionation-organ"))
    if faults:
        raise InputError(faults)
    columns = (SCHEDULE_COLUMNS, EFFECT_COLUMNS, RANGE_COLUMNS, TRADE_COLUMNS, RISK_COLUMNS, SENSITIVITY_COLUMNS)
    return FractionationTables(
        *(pd.DataFrame(found, columns=names) for found, names in zip(rows.values(), columns, strict=True))
    )


def _reference(patient: str, settings: FractionationSettings, prescriptions_gy: Mapping[str, float | None]) -> float:
    found = settings.reference_gy or prescriptions_gy.get(patient)
    if not found:
        action = "Set fractionation.reference_gy, or give plans that state their prescription."
        raise InputError(Fault("reference dose", "the prescription of the plan", "none", action, "reference-dose"))
    return found


def _patient(
    own: Mapping[str, Dvh], settings: FractionationSettings, reference_gy: float
) -> dict[str, list[dict[str, Any]]]:
    needed = {name: dvh for name, dvh in own.items() if name in settings.organs}
    moments = {name: dose_moments(dvh, reference_gy) for name, dvh in needed.items()}
    name = settings.tumour.structure
    if name is not None and name not in own:
        action = "Add the structure, or take fractionation.tumour.structure out."
        raise InputError(Fault("fractionation", f"a DVH of {name}", "none", action, "fractionation-organ"))
    target = None if name is None else dose_moments(own[name], reference_gy)
    found = optimise_fractions(moments, settings, target=target)
    return {
        "schedules": _schedules(found),
        "effects": _effects(found),
        "ranges": _ranges(found, settings),
        "trade": _trade(found, target),
        "risks": _risks(own, settings, reference_gy, found),
        "sensitivity": [
            {"varied": one.varied, "alpha_beta_gy": one.alpha_beta_gy, "structure": structure,
             "admissible": runs_of(numbers)}
            for one in vary_alpha_beta(moments, settings)
            for structure, numbers in [*one.ranges.items(), (COMMON, one.common)]
        ],
    }  # fmt: skip


def _schedules(found: Optimisation) -> list[dict[str, Any]]:
    goal = found.goal
    effect = [None] * len(found.fractions) if found.tumour_effect_gy is None else found.tumour_effect_gy.tolist()
    return [
        {
            "fractions": int(n),
            "fraction_gy": float(found.fraction_gy[place]),
            "total_gy": float(found.total_gy[place]),
            "days": int(found.days[place]),
            "tumour_alpha_beta_gy": goal.alpha_beta_gy,
            "bed_given_gy": float(found.given_bed_gy[place]),
            "eqd2_given_gy": float(found.given_bed_gy[place]) / (1.0 + REFERENCE_FRACTION_GY / goal.alpha_beta_gy),
            "bed_gy": goal.bed_gy,
            "eqd2_gy": goal.eqd2_gy,
            "tumour_effect_gy": effect[place],
            "admissible": bool(found.admissible[place]),
        }
        for place, n in enumerate(found.fractions)
    ]


def _effects(found: Optimisation) -> list[dict[str, Any]]:
    return [
        {
            "structure": organ.structure,
            "alpha_beta_gy": organ.alpha_beta_gy,
            "fractions": int(n),
            "effect_gy": float(organ.effect_gy[place]),
            "eqd2_gy": float(organ.effect_gy[place]) / (1.0 + REFERENCE_FRACTION_GY / organ.alpha_beta_gy),
            "admissible": bool(organ.admissible[place]),
        }
        for organ in found.organs
        for place, n in enumerate(found.fractions)
    ]


def _ranges(found: Optimisation, settings: FractionationSettings) -> list[dict[str, Any]]:
    rows = []
    for organ in found.organs:
        rule = settings.organs[organ.structure]
        numbers = tuple(int(n) for n in found.fractions[organ.admissible])
        rows.append(
            {
                "structure": organ.structure,
                "alpha_beta_gy": organ.alpha_beta_gy,
                "s1": organ.moments.s1,
                "s2": organ.moments.s2,
                "ratio": organ.moments.s2 / organ.moments.s1 if organ.moments.s1 > 0 else None,
                "threshold": organ.alpha_beta_gy / found.goal.alpha_beta_gy,
                "spared_by_more": organ.spared_by_more,
                "rule": "tolerance" if rule.within_pct is None else f"within {rule.within_pct:g} % of the smallest",
                "limit_gy": organ.limit_gy,
                **_ends(numbers),
            }
        )
    return [*rows, {"structure": COMMON, **_ends(found.admissible_fractions)}]


def _trade(found: Optimisation, target: DoseMoments | None) -> list[dict[str, Any]]:
    """Give E0 against E1 for few and many fractions, while the dose rises: the further below, the better the number."""
    low, high = int(found.fractions[0]), int(found.fractions[-1])
    numbers = sorted({low, (low + high) // 2, high})  # the same for every patient
    rows = []
    for n in numbers:
        for share in TRADE_SHARES_PCT:
            goal = replace(found.goal, bed_gy=found.goal.bed_gy * share / 100.0)
            tumour = goal.bed_gy
            if target is not None:
                tumour = effect_gy(target, fractions=n, alpha_beta_gy=goal.alpha_beta_gy, goal=goal)
            for organ in found.organs:
                effect = effect_gy(organ.moments, fractions=n, alpha_beta_gy=organ.alpha_beta_gy, goal=goal)
                rows.append(
                    {
                        "structure": organ.structure,
                        "fractions": n,
                        "bed_share_pct": share,
                        "tumour_effect_gy": tumour,
                        "effect_gy": effect,
                    }
                )
    return rows


def _ends(numbers: Sequence[int]) -> dict[str, Any]:
    return {
        "lowest": numbers[0] if numbers else None,
        "highest": numbers[-1] if numbers else None,
        "admissible": runs_of(numbers),
    }


def _risks(
    own: Mapping[str, Dvh], settings: FractionationSettings, reference_gy: float, found: Optimisation
) -> list[dict[str, Any]]:
    return [
        {"model": risk.model, "structure": risk.structure, "fractions": risk.fractions, "dose_gy": risk.dose_gy,
         "ntcp": risk.ntcp, "status": risk.status, "note": risk.note}
        for model, organ in settings.ntcp.items()
        for risk in fraction_risks(
            own[organ], reference_gy, found, model=model, alpha_beta_gy=settings.organs[organ].alpha_beta_gy,
            allow_structure=settings.allow_structure, allow_unchecked=settings.allow_unchecked,
        )
    ]  # fmt: skip
