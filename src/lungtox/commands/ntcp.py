"""``lungtox ntcp``: a published model applied to one case."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.extraction import is_dvh_table
from lungtox.ntcp import RESEARCH_USE, PublishedModel, published_model

if TYPE_CHECKING:
    from lungtox.dose import Dvh


@dataclass(frozen=True)
class Case:
    """The dose of one case: a mean, or DVHs of the lung in the quantities that are there."""

    mean_gy: float | None = None
    quantity: str = ""
    dvhs: tuple[Dvh, ...] = ()
    warnings: tuple[str, ...] = ()


def ntcp(
    model: Annotated[str, typer.Option("--model", help="Name of a published model; `lungtox models` lists them.")],
    struct: Annotated[Path | None, typer.Option(help="DICOM structure set, with --dose.")] = None,
    dose: Annotated[Path | None, typer.Option(help="DICOM dose of the whole plan, with --struct.")] = None,
    plan: Annotated[Path | None, typer.Option(help="DICOM plan: the number of fractions, for models in EQD2.")] = None,
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
        int | None, typer.Option(min=1, max=100, help="Fractions of a DVH export, for models in EQD2.")
    ] = None,
    mld: Annotated[float | None, typer.Option(help="Mean lung dose in Gy, with --mld-quantity.")] = None,
    mld_quantity: Annotated[str | None, typer.Option(help="Quantity of --mld: physical or eqd2.")] = None,
    factor: Annotated[
        list[str] | None, typer.Option(help="Clinical value such as smoking=former or age_y=70. Repeatable.")
    ] = None,
    allow_structure: Annotated[
        list[str] | None, typer.Option(help="Structure that the model does not list but may be applied to.")
    ] = None,
    allow_unchecked: Annotated[bool, typer.Option(help="Use a model although its numbers were not checked.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Give the risk of pneumonitis of one case by a published model. Research use, not for treatment decisions."""
    chosen = published_model(model)
    if not allow_unchecked:
        _require_checked(chosen)
    factors = _factors(chosen, factor or [])
    sources = [struct is not None or dose is not None, dvh is not None, mld is not None]
    if sum(sources) != 1:
        raise ParameterError("give one of --struct with --dose, --dvh, --mld with --mld-quantity")
    if mld is not None:
        case = _mean_case(mld, mld_quantity)
    elif dvh is not None and is_dvh_table(dvh):
        case = _table_case(dvh)
    elif dvh is not None:
        from lungtox.commands.ntcp_export import exported_lung_dvhs

        found = exported_lung_dvhs(chosen, dvh, lungs=lung or [], lung_is=lung_is, fractions=fractions)
        case = Case(dvhs=found[0], warnings=found[1])
    else:
        from lungtox.commands.ntcp_dicom import lung_dvhs

        dvhs, warnings = lung_dvhs(chosen, struct, dose, plan=plan, lungs=lung or [], gtvs=gtv or [])
        case = Case(dvhs=dvhs, warnings=warnings)
    result = _apply(chosen, case, factors, allow_structure or [])
    typer.echo(json.dumps(result, indent=1, ensure_ascii=False) if as_json else _text(chosen, result))


def _require_checked(model: PublishedModel) -> None:
    if not model.default_ok:
        found = f"{model.status}. {model.checked}"
        action = f"Check the paper, then give --allow-unchecked. {model.note}".strip()
        who = f"published model {model.name}"
        raise InputError(Fault(who, "a model with checked numbers", found, action, "ntcp-published"))


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


def _mean_case(mld: float, quantity: str | None) -> Case:
    if quantity not in ("physical", "eqd2"):
        raise ParameterError("--mld needs --mld-quantity physical or eqd2: the two differ by several Gy")
    return Case(mean_gy=mld, quantity=quantity)


def _table_case(path: Path) -> Case:
    from lungtox.dose import read_dvhs

    if not path.is_file():
        raise InputError(Fault("--dvh", "a DVH table", "no such file", "Check the path.", "ntcp-dvh-file"))
    found = read_dvhs(path)
    patients = {patient for patient, _ in found}
    if len(patients) != 1:
        action = "Give a table of one patient; a cohort goes through the workflow (ntcp.published)."
        raise InputError(Fault("--dvh", "DVHs of one patient", f"{len(patients)} patients", action, "ntcp-dvh-file"))
    return Case(dvhs=tuple(item for _, item in found if item.weighting == "anatomical"))


def _apply(model: PublishedModel, case: Case, factors: dict[str, object], allowed: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {"model": model.name, "label": model.label}
    if case.mean_gy is not None:
        model.require_quantity(case.quantity)
        risk = model.ntcp(case.mean_gy, factors)
        note = f"the mean dose is taken as that of {' or '.join(model.structures)}"
        if model.parameters.get("n", 1.0) != 1.0:
            note += f"; n = {model.parameters['n']:g} is taken as 1, the mean"
        result |= {"ntcp": risk, "dose_gy": case.mean_gy, "structure": None, "status": "applied", "note": note}
    else:
        dvh = _choose(model, case.dvhs, allowed)
        acceptance = model.accept(dvh, allow_structure=allowed)
        risk = model.ntcp(dvh, factors, allow_structure=allowed)
        result |= {"ntcp": risk, "dose_gy": model.dose_gy(dvh), "structure": dvh.structure}
        result |= {"status": acceptance.status, "note": acceptance.note}
        result["warnings"] = [*_whole_lung(dvh, case.dvhs), *dict.fromkeys([*case.warnings, *dvh.warnings])]
    absent = sorted({factor.column for factor in model.factors} - set(factors))
    return {
        **result,
        "quantity": model.quantity,
        "endpoint": model.endpoint,
        "factors": factors,
        "factors_at_reference": absent,
        "citation": model.citation,
        "checked": model.status,
        "research_use": RESEARCH_USE,
    }


def _choose(model: PublishedModel, dvhs: tuple[Dvh, ...], allowed: list[str]) -> Dvh:
    """Take the model's first choice of structure among the DVHs in its quantity; refuse in the model's own words."""
    fitting = [dvh for dvh in dvhs if dvh.quantity == model.quantity]
    for structure in (*model.structures, *allowed):
        for dvh in fitting:
            if dvh.structure == structure:
                return dvh
    if not dvhs:
        raise InputError(Fault("--dvh", "an anatomical DVH", "none", "Give one of the lung.", "ntcp-dvh-file"))
    # None fits: `accept` says what is wrong with the nearest one.
    nearest = fitting or [dvh for dvh in dvhs if dvh.structure in model.structures] or list(dvhs)
    return nearest[0]


def _whole_lung(dvh: Dvh, dvhs: tuple[Dvh, ...]) -> list[str]:
    """Say that the tumour counts as lung where no structure without it was there."""
    if dvh.structure == "Lungs" and not any(other.structure == "Lungs-GTV" for other in dvhs):
        return ["no GTV: the dose is that of both whole lungs, tumour included"]
    return []


def _text(model: PublishedModel, result: dict[str, Any]) -> str:
    name = "gEUD" if model.parameters.get("n", 1.0) != 1.0 else "mean dose"
    quantity = "EQD2" if result["quantity"] == "eqd2" else "physical"
    where = f" of {result['structure']}" if result["structure"] else ""
    lines = [
        f"{model.label}: NTCP {100 * result['ntcp']:.1f} % ({result['endpoint']})",
        f"{name}{where} {result['dose_gy']:.2f} Gy, {quantity}; {result['status']}",
    ]
    if result["note"]:
        lines.append(f"note: {result['note']}")
    lines += [f"warning: {warning}" for warning in result.get("warnings", [])]
    if result["factors"]:
        lines.append("factors: " + ", ".join(f"{key} {value}" for key, value in result["factors"].items()))
    if result["factors_at_reference"]:
        lines.append("taken at reference, not given: " + ", ".join(result["factors_at_reference"]))
    return "\n".join([*lines, f"{model.citation} (numbers: {model.status})", RESEARCH_USE])
