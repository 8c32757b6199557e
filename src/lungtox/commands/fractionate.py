"""``lungtox fractionate``: the number of fractions of equal tumour effect, judged on the organs' DVHs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lungtox.commands.fractionate_text import print_schedules, schedules_json
from lungtox.commands.ntcp_options import AllowStructure, AllowUnchecked
from lungtox.errors import Fault, InputError, ParameterError

if TYPE_CHECKING:
    from lungtox.dose import Dvh
    from lungtox.fractionation import FractionationSettings

WHO = "case"


def fractionate(
    organ: Annotated[
        list[str],
        typer.Option(
            help="NAME:ALPHA_BETA:RULE; the rule is a tolerance of the effect in Gy (95) or a share above the smallest "
            "effect (5%). Repeatable.",
            metavar="NAME:ALPHA_BETA:RULE",
        ),
    ],
    tumour_alpha_beta: Annotated[float | None, typer.Option(help="Alpha/beta of the tumour in Gy.")] = None,
    eqd2: Annotated[float | None, typer.Option(help="Tumour effect as dose in 2 Gy fractions.")] = None,
    bed: Annotated[float | None, typer.Option(help="Tumour effect as BED with --tumour-alpha-beta.")] = None,
    schedule: Annotated[str | None, typer.Option(help="Tumour effect of a schedule, such as 35x2.")] = None,
    reference_dose: Annotated[
        float | None, typer.Option(help="Total dose of the plan in Gy; by default the prescription of --plan.")
    ] = None,
    dvh: Annotated[
        Path | None, typer.Option(help="DVH table of one patient (.dvh.parquet), or a planning system's DVH export.")
    ] = None,
    struct: Annotated[Path | None, typer.Option(help="RTSTRUCT, with --dose.")] = None,
    dose: Annotated[Path | None, typer.Option(help="RTDOSE of the whole plan, with --struct.")] = None,
    plan: Annotated[Path | None, typer.Option(help="RTPLAN: the prescription.")] = None,
    target: Annotated[str | None, typer.Option(help="Target whose DVH gives the tumour effect E1.")] = None,
    fractions: Annotated[str, typer.Option(help="Numbers of fractions to look at.")] = "10-35",
    repopulation: Annotated[
        str | None, typer.Option(help="K,TK: BED in Gy that a day loses, from day TK on.", metavar="K,TK")
    ] = None,
    ntcp: Annotated[
        list[str] | None,
        typer.Option(help="MODEL=NAME: risk of an organ by a published model on EQD2.", metavar="MODEL=NAME"),
    ] = None,
    allow_structure: AllowStructure = None,
    allow_unchecked: AllowUnchecked = False,
    per_week: Annotated[int, typer.Option(min=1, max=7, help="Fractions a week.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print schedules of equal tumour effect and what each does to the organs (linear-quadratic model on the DVH).

    Research use, not for treatment decisions.
    """
    from lungtox.fractionation import dose_moments, fraction_risks, optimise_fractions

    goal = {"bed_gy": bed, "eqd2_gy": eqd2, "schedule": None if schedule is None else _schedule(schedule)}
    settings = _settings(
        organ,
        {
            "alpha_beta_gy": _required_alpha_beta(tumour_alpha_beta),
            "structure": target,
            "repopulation": None if repopulation is None else _repopulation(repopulation),
            "fractions_per_week": per_week,
            **{name: value for name, value in goal.items() if value is not None},
        },
        fractions,
    )
    models = dict(_model(text, settings) for text in ntcp or ())
    if (dvh is None) == (struct is None and dose is None):
        raise ParameterError("give one of --dvh and --struct with --dose")
    names = [*settings.organs, *([target] if target else [])]
    if dvh is not None:
        found, prescription = _table(dvh, names)
    else:
        found, prescription = _dicom(struct, dose, plan, names)
    reference_gy = reference_dose or prescription
    if reference_gy is None:
        action = "Give --reference-dose, or a --plan that states its prescription."
        raise InputError(Fault(WHO, "the total dose of the plan", "none", action, "reference-dose"))
    moments = {name: dose_moments(one, reference_gy) for name, one in found.items()}
    result = optimise_fractions(moments, settings, target=moments[target] if target else None)
    risks = {
        model: fraction_risks(
            found[name],
            reference_gy,
            result,
            model=model,
            alpha_beta_gy=settings.organs[name].alpha_beta_gy,
            allow_structure=allow_structure or (),
            allow_unchecked=models if allow_unchecked else (),
        )
        for model, name in models.items()
    }
    if as_json:
        print(json.dumps(schedules_json(result, reference_gy, risks), indent=1, ensure_ascii=False))
    else:
        print_schedules(result, reference_gy, risks)


def _required_alpha_beta(alpha_beta: float | None) -> float:
    from lungtox.fractionation.schedule import require_alpha_beta

    return require_alpha_beta(alpha_beta, who="--tumour-alpha-beta")


def _settings(organs: Sequence[str], tumour: dict[str, Any], fractions: str) -> FractionationSettings:
    from pydantic import ValidationError

    from lungtox.fractionation import FractionationSettings
    from lungtox.fractionation.schedule import require_fractions

    ends = re.fullmatch(r"(\d+)-(\d+)", fractions)
    if ends is None:
        raise ParameterError(f"--fractions takes a range such as 10-35, got {fractions!r}")
    low, high = (require_fractions(int(end)) for end in ends.groups())
    named = list(map(_organ, organs))
    if twice := sorted({name for name, _ in named if [one for one, _ in named].count(name) > 1}):
        raise ParameterError(f"--organ takes each organ once, got {', '.join(twice)} more often")
    try:
        return FractionationSettings.model_validate({"fractions": [low, high], "tumour": tumour, "organs": dict(named)})
    except ValidationError as error:
        words = [
            ": ".join(filter(None, (" ".join(map(str, item["loc"])), item["msg"].removeprefix("Value error, "))))
            for item in error.errors(include_url=False)
        ]
        raise ParameterError("; ".join(words)) from None


def _organ(text: str) -> tuple[str, dict[str, float]]:
    name, alpha_beta, rule = ["", "", *text.rsplit(":", 2)][-3:]
    number = r"\d+(\.\d+)?"
    if not name or re.fullmatch(number, alpha_beta) is None or re.fullmatch(f"{number}%?", rule) is None:
        raise ParameterError(f"--organ takes NAME:ALPHA_BETA:RULE, such as Heart:2.5:5%, got {text!r}")
    key = "within_pct" if rule.endswith("%") else "tolerance_gy"
    return name, {"alpha_beta_gy": float(alpha_beta), key: float(rule.removesuffix("%"))}


def _model(text: str, settings: FractionationSettings) -> tuple[str, str]:
    model, _, name = text.partition("=")
    if name not in settings.organs:
        raise ParameterError(f"--ntcp takes MODEL=NAME with one of {', '.join(settings.organs)}, got {text!r}")
    return model, name


def _schedule(text: str) -> dict[str, float]:
    found = re.fullmatch(r"(\d+)x(\d+(?:\.\d+)?)", text)
    if found is None:
        raise ParameterError(f"--schedule takes FRACTIONSxGY, such as 35x2, got {text!r}")
    return {"fractions": int(found[1]), "fraction_gy": float(found[2])}


def _repopulation(text: str) -> dict[str, float]:
    found = re.fullmatch(r"(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)", text)
    if found is None:
        raise ParameterError(f"--repopulation takes K,TK, such as 0.6,28, got {text!r}")
    return {"k_gy_per_day": float(found[1]), "kick_off_days": float(found[2])}


def _table(path: Path, names: Sequence[str]) -> tuple[dict[str, Dvh], float | None]:
    from lungtox.dose import read_dvhs
    from lungtox.extraction import is_dvh_table, read_dvh_export

    if not path.is_file():
        raise InputError(Fault("--dvh", "a DVH table", "no such file", "Check the path.", "file-missing"))
    if not is_dvh_table(path):
        from lungtox.commands.ntcp_export import named_dvh

        export = read_dvh_export(path, who="--dvh")
        sources = {name: named_dvh(export, name) for name in names}
        prescriptions = {source.prescription_gy for source in sources.values()}
        known = prescriptions.pop() if len(prescriptions) == 1 else None
        return {name: source.to_dvh(structure=name) for name, source in sources.items()}, known
    rows = read_dvhs(path)
    if len({patient for patient, _ in rows}) != 1:
        action = "Give a table of one patient; a cohort goes through the workflow (section fractionation)."
        raise InputError(Fault("--dvh", "DVHs of one patient", "several or none", action, "file-patients"))
    found = {one.structure: one for _, one in rows if (one.weighting, one.quantity) == ("anatomical", "physical")}
    _require(names, found, {one.structure: one.quantity for _, one in rows if one.weighting == "anatomical"})
    return {name: found[name] for name in names}, None


def _require(names: Sequence[str], found: Mapping[str, object], quantities: Mapping[str, str]) -> None:
    faults = []
    for name in names:
        if name in quantities and name not in found:
            action = "Give the DVH of the physical dose: the number of fractions is what is varied."
            faults.append(Fault(name, "a DVH of physical dose", quantities[name], action, "dvh-quantity"))
        elif name not in found:
            there = ", ".join(found) or "none"
            faults.append(Fault(WHO, f"a structure {name!r}", there, "Use one of these names.", "structure"))
    if faults:
        raise InputError(faults)


def _dicom(
    struct: Path | None, dose: Path | None, plan: Path | None, names: Sequence[str]
) -> tuple[dict[str, Dvh], float | None]:
    from lungtox.dicom import read_plan, read_structure_names, read_structures
    from lungtox.dose import compute_dvh
    from lungtox.extraction import read_courses

    if struct is None or dose is None:
        raise ParameterError("--struct and --dose go together")
    known = read_structure_names(struct)
    _require(names, {name.strip(): number for number, name in known.items()}, {})
    plans = [] if plan is None else [read_plan(plan)]
    doses = read_courses([dose], plans, who="RTDOSE")
    structures = read_structures(struct, names=list(names))
    if structures.frame_of_reference != doses[0].frame_of_reference:
        action = "Give the dose that was calculated on the CT of these structures."
        expected = "dose and structures in one frame of reference"
        raise InputError(Fault(WHO, expected, "two different ones", action, "frame-of-reference"))
    found = {name: compute_dvh(structures.named(name), doses[0]) for name in names}
    for text in dict.fromkeys(text for one in found.values() for text in one.warnings):
        print(f"warning: {text}", file=sys.stderr)
    return found, plans[0].prescription_gy if plans else None
