"""The dose of one case for ``lungtox ntcp``, from whatever describes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.extraction import is_dvh_table
from lungtox.ntcp import PublishedModel, eqd2_dvhs

if TYPE_CHECKING:
    from lungtox.dose import Dvh

SEEN_MARGIN = 1.1  # hot spots in the lung above the dose to the target


@dataclass(frozen=True)
class Source:
    """Where the dose of a case comes from, as the options say it."""

    struct: Path | None = None
    dose: Path | None = None
    plan: Path | None = None
    lungs: tuple[str, ...] = ()
    gtvs: tuple[str, ...] = ()
    dvh: Path | None = None
    lung_is: str | None = None
    fractions: int | None = None
    fraction_gy: float | None = None
    mean_gy: float | None = None
    mean_quantity: str | None = None


@dataclass(frozen=True)
class Case:
    """The dose of one case: a mean, or DVHs of the lung in the quantities that are there.

    Attributes
    ----------
    mean_gy : float or None
    quantity : str
        Of the mean.
    dvhs : tuple of Dvh
    warnings : tuple of str
    fractions : int or None
        Of the plan, where all of the dose is given in them.
    fraction_gy : float or None
        Dose per fraction to the target.
    """

    mean_gy: float | None = None
    quantity: str = ""
    dvhs: tuple[Dvh, ...] = ()
    warnings: tuple[str, ...] = ()
    fractions: int | None = None
    fraction_gy: float | None = None


def read_case(model: PublishedModel, source: Source) -> Case:
    """Read the dose of one case in the model's quantity, with its fractionation where that is known.

    Raises
    ------
    ParameterError
        Options that do not belong together.
    InputError
        Files that cannot be used, or that contradict the options.
    """
    given = [source.struct is not None or source.dose is not None, source.dvh is not None, source.mean_gy is not None]
    if sum(given) != 1:
        raise ParameterError("give one of --struct with --dose, --dvh, --mld with --mld-quantity")
    if source.mean_gy is not None:
        case = _mean_case(source)
    elif source.dvh is not None and is_dvh_table(source.dvh):
        case = _table_case(model, source, source.dvh)
    elif source.dvh is not None:
        from lungtox.commands.ntcp_export import exported_case

        case = exported_case(model, source, source.dvh)
    else:
        from lungtox.commands.ntcp_dicom import dicom_case

        case = dicom_case(model, source)
    return _with_fractionation(model, case, source.fraction_gy)


def _mean_case(source: Source) -> Case:
    if source.mean_quantity not in ("physical", "eqd2"):
        raise ParameterError("a mean dose needs --mld-quantity physical or eqd2: the two differ by several Gy")
    return Case(mean_gy=source.mean_gy, quantity=source.mean_quantity, fractions=source.fractions)


def _table_case(model: PublishedModel, source: Source, path: Path) -> Case:
    from lungtox.dose import read_dvhs

    if not path.is_file():
        raise InputError(Fault("--dvh", "a DVH table", "no such file", "Check the path.", "ntcp-dvh-file"))
    found = read_dvhs(path)
    patients = {patient for patient, _ in found}
    if len(patients) != 1:
        action = "Give a table of one patient; a cohort goes through the workflow (ntcp.published)."
        raise InputError(Fault("--dvh", "DVHs of one patient", f"{len(patients)} patients", action, "ntcp-dvh-file"))
    dvhs = [item for _, item in found if item.weighting == model.weighting]
    warnings: list[str] = []
    fits = any(dvh.quantity == "eqd2" and dvh.alpha_beta_gy in model.alpha_beta_gy for dvh in dvhs)
    if model.quantity == "eqd2" and not fits and source.fractions and model.weighting == "anatomical":
        physical = [dvh for dvh in dvhs if dvh.quantity == "physical"]
        own = max(model.alpha_beta_gy)
        dvhs += [eqd2_dvhs(dvh, source.fractions, [own])[own] for dvh in physical]
        warnings.append("EQD2 was made bin by bin: right for one plan given in the stated fractions")
    return Case(dvhs=tuple(dvhs), warnings=tuple(warnings), fractions=source.fractions)


def _with_fractionation(model: PublishedModel, case: Case, given_gy: float | None) -> Case:
    """Add what the option says of the dose per fraction, or what the lung itself shows of it."""
    known = case.fraction_gy
    if given_gy is not None and known is not None and abs(given_gy - known) > 0.02 * known:
        found = f"{given_gy:g} Gy as the option, {known:.3g} Gy by the input"
        action = "Leave --dose-per-fraction out, or correct it."
        raise InputError(Fault("case", "one dose per fraction", found, action, "ntcp-fractionation"))
    known = known if given_gy is None else given_gy
    warnings = list(case.warnings)
    highest = max((dvh.max_gy for dvh in case.dvhs if dvh.quantity == "physical"), default=0.0)
    if known is None and case.fractions:
        seen = highest / case.fractions
        if seen > SEEN_MARGIN * model.highest_fraction_gy:
            known = seen
            warnings.append(f"dose per fraction not given: the lung itself gets up to {seen:.3g} Gy each time")
    return replace(case, fraction_gy=known, warnings=tuple(warnings))


def choose_dvh(model: PublishedModel, dvhs: Sequence[Dvh], allowed: Sequence[str]) -> Dvh:
    """Take the model's first choice of structure among the DVHs in its quantity; else the nearest, for its refusal."""
    fitting = [dvh for dvh in dvhs if dvh.quantity == model.quantity]
    for structure in (*model.structures, *allowed):
        for dvh in fitting:
            if dvh.structure == structure:
                return dvh
    if not dvhs:
        expected = "an anatomical DVH" if model.weighting == "anatomical" else f"a DVH of weighting {model.weighting}"
        raise InputError(Fault("--dvh", expected, "none", "Give one of the lung.", "ntcp-dvh-file"))
    # None fits: `accept` says what is wrong with the nearest one.
    nearest = fitting or [dvh for dvh in dvhs if dvh.structure in model.structures] or list(dvhs)
    return nearest[0]
