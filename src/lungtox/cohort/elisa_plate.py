"""Tables of ELISA plates: one row a well; from them the curve and one row a sample."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lungtox.cohort.elisa import SampleValue, StandardCurve, fit_standards, read_sample
from lungtox.cohort.mapping import start_mapping
from lungtox.cohort.number_texts import number_text
from lungtox.cohort.rows import RawTable
from lungtox.cohort.sheets import read_sheet
from lungtox.cohort.table_config import ColumnSettings, SheetSettings
from lungtox.errors import Fault, FitError, InputError

if TYPE_CHECKING:
    import pandas as pd

NAME = "ELISA plate"
ROLES = ("standard", "sample", "blank")
COLUMNS = ("role", "sample", "concentration", "absorbance", "dilution")
LARGEST_CV_PCT = 20.0


@dataclass(frozen=True)
class PlateResult:
    """A plate that was read.

    Attributes
    ----------
    curve : StandardCurve
    blank : float
        Mean absorbance of the blanks, subtracted everywhere; 0 without blanks.
    samples : dict of (str, float) to SampleValue
        By sample and dilution, in the order in which they stand on the plate.
    warnings : tuple of str
    """

    curve: StandardCurve
    blank: float
    samples: dict[tuple[str, float], SampleValue]
    warnings: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """Give one row a sample: `sample, dilution, wells, absorbance, cv_pct, value`, the last as 12.5, <2 or >400."""
        import pandas as pd

        rows = [
            [sample, dilution, found.wells, found.absorbance, found.cv_pct, f"{found.side}{number_text(found.value)}"]
            for (sample, dilution), found in self.samples.items()
        ]
        return pd.DataFrame(rows, columns=["sample", "dilution", "wells", "absorbance", "cv_pct", "value"])


def read_plate(path: str | Path, *, settings: SheetSettings | None = None) -> PlateResult:
    """Read a plate, fit its standards, and read the samples from the curve.

    Parameters
    ----------
    path : path of a CSV, XLSX or Parquet table
        One row a well: `role` (standard, sample or blank), `sample`, `concentration` of a standard, `absorbance`, and
        where samples were diluted `dilution` (4 for 1:4; empty = 1). More columns are not looked at.
    settings : SheetSettings, optional
        What is declared of the table.

    Returns
    -------
    PlateResult

    Raises
    ------
    InputError
        With all faults by line: another role, a number that is none, a standard without concentration, a sample
        without a name; or standards that give no usable curve. Names of samples stand in no message.
    """
    declared = settings or SheetSettings()
    sheet = read_sheet(path, NAME, settings=declared, wanted=COLUMNS)
    names = [name for name in COLUMNS if name != "dilution" or name in sheet.header]
    columns = {name: ColumnSettings(column=name) for name in names}
    mapped = start_mapping(sheet, NAME, columns=columns, settings=declared, place="--decimal")
    for name in mapped.columns:
        mapped.add(name, "text" if name in ("role", "sample") else "number")
    table = mapped.table
    roles = table.codes("role", ROLES)
    absorbances = table.numbers("absorbance", low=-1, high=100)
    concentrations = table.numbers("concentration", low=0, high=float("inf"))
    dilutions = table.numbers("dilution", low=1, high=float("inf"))
    _require_cells(table, roles)
    table.finish()
    wells = [
        (role, table.cells[row]["sample"], concentrations[row], absorbances[row], dilutions[row])
        for row, role in enumerate(roles)
    ]
    blanks = [signal for role, _, _, signal, _ in wells if role == "blank" and signal is not None]
    blank = statistics.fmean(blanks) if blanks else 0.0
    standards = [
        (dose, signal - blank)
        for role, _, dose, signal, _ in wells
        if role == "standard" and dose is not None and signal is not None
    ]
    try:
        curve = fit_standards([dose for dose, _ in standards], [signal for _, signal in standards])
    except FitError as error:
        action = "Look at the standards of the plate; measure it again where they are bad."
        raise InputError(Fault(NAME, "standards that give a curve", str(error), action, "elisa-curve")) from None
    groups: dict[tuple[str, float], list[float]] = {}
    for role, sample, _, signal, dilution in wells:
        if role == "sample" and signal is not None:
            groups.setdefault((sample, dilution or 1.0), []).append(signal - blank)
    samples = {key: read_sample(curve, signals, dilution=key[1]) for key, signals in groups.items()}
    return PlateResult(curve, blank, samples, tuple(_warnings(curve, samples)))


def _require_cells(table: RawTable, roles: list[str | None]) -> None:
    wanted = {"standard": ("concentration", "absorbance"), "sample": ("sample", "absorbance"), "blank": ("absorbance",)}
    for row, role in enumerate(roles):
        for column in ("role", *wanted.get(role or "", ())):
            if not table.cells[row].get(column):
                action = "Fill it in, or remove the well."
                table.note(row, column, expected="a value", found="an empty cell", action=action, code="table-key")


def _warnings(curve: StandardCurve, samples: dict[tuple[str, float], SampleValue]) -> list[str]:
    low, high = curve.range
    found = [
        f"the standard of {level.concentration:g} comes back at"
        f" {'no concentration' if level.recovery_pct is None else f'{level.recovery_pct:.0f} %'}, outside 80-120 %"
        for level in curve.levels
        if level.concentration > 0 and not level.accepted
    ]
    scattered = sum((one.cv_pct or 0.0) > LARGEST_CV_PCT for one in samples.values())
    if scattered:
        found.append(f"{scattered} samples have wells that differ by a CV above {LARGEST_CV_PCT:g} %")
    beyond = sum(bool(one.side) for one in samples.values())
    if beyond:
        found.append(f"{beyond} samples lie outside {low:g}-{high:g}, the range of the accepted standards")
    return found
