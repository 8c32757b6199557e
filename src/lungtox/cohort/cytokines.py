"""Reading of the cytokine table and its wide form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lungtox.cohort.columns import CYTOKINE_UNITS, TIMEPOINT_LABELS
from lungtox.cohort.contract_csv import read_raw
from lungtox.cohort.rows import RawTable, to_number

if TYPE_CHECKING:
    import pandas as pd

NAME = "cytokine table"
COLUMNS = ("patient", "cytokine", "timepoint", "draw_dose_gy", "value", "unit", "plate")
DURING_DOSE_GY = (40.0, 50.0)
"""Study S9 draws at 40-50 Gy; a draw elsewhere is another measurement."""


def read_cytokines(path: str | Path) -> pd.DataFrame:
    """Read and check the cytokine table.

    Parameters
    ----------
    path : path of a CSV as docs/file-contracts.md has it

    Returns
    -------
    pandas.DataFrame
        The contract's columns with `value` as float: for ``<x`` it is the detection limit x, and `below` is True;
        for ``>x`` it is the upper limit x, and `above` is True. Rows without a value are left out.

    Raises
    ------
    InputError
        With all faults: missing column, unknown cytokine, timepoint or unit, a value that is neither a positive
        number nor ``<x`` or ``>x`` (line and column named), the same draw twice.
    """
    return check_cytokines(read_raw(path, NAME))


def check_cytokines(table: RawTable) -> pd.DataFrame:
    """Check a cytokine table in the contract's form; see `read_cytokines`."""
    import pandas as pd

    table.require(COLUMNS)
    table.study_ids()
    table.keys(["patient", "cytokine", "timepoint"], code="draw-twice")
    names = table.codes("cytokine", list(CYTOKINE_UNITS))
    times = table.codes("timepoint", list(TIMEPOINT_LABELS))
    doses = table.numbers("draw_dose_gy", low=0, high=200)
    values = table.parse(
        "value",
        _to_value,
        expected="a positive number, or <x below the detection limit x, or >x above the upper limit x",
        action="Correct the cell (decimal point, no unit), or leave it empty when the value is missing.",
        code="table-number",
    )
    _check_units(table, names)
    table.finish()
    found = pd.DataFrame(
        {
            "patient": table.texts("patient"),
            "cytokine": names,
            "timepoint": times,
            "draw_dose_gy": pd.Series(doses, dtype="float64"),
            "value": pd.Series([None if pair is None else pair[0] for pair in values], dtype="float64"),
            "below": [pair is not None and pair[1] == "<" for pair in values],
            "above": [pair is not None and pair[1] == ">" for pair in values],
            "unit": table.texts("unit"),
            "plate": table.texts("plate"),
        }
    )
    return found[found["value"].notna()].reset_index(drop=True)


def widen_cytokines(cytokines: pd.DataFrame) -> pd.DataFrame:
    """Give one row per patient, with the columns that analysis.csv has for each cytokine.

    Parameters
    ----------
    cytokines : pandas.DataFrame
        From `read_cytokines`.

    Returns
    -------
    pandas.DataFrame
        `patient` and for each cytokine `_pre, _during, _ratio` (during over pre), `_pre_below, _during_below`.
        A value below the limit x is x/2, one above the upper limit x is x; the ratio is empty when neither value is
        measured, because then it would be made of limits only. A cytokine of which any value lies above the upper
        limit has `_pre_above, _during_above` as well.
    """
    import pandas as pd

    shown = cytokines.assign(value=cytokines["value"].where(~cytokines["below"], cytokines["value"] / 2))
    wide = pd.DataFrame(index=pd.Index(sorted(shown["patient"].unique()), name="patient"))
    for name in cytokine_names(cytokines):
        rows = shown[shown["cytokine"] == name]
        value = rows.pivot(index="patient", columns="timepoint", values="value").reindex(wide.index)
        below = rows.pivot(index="patient", columns="timepoint", values="below").reindex(wide.index)
        value = value.reindex(columns=list(TIMEPOINT_LABELS)).astype("float64")
        below = below.reindex(columns=list(TIMEPOINT_LABELS)).astype("boolean")
        above = rows.pivot(index="patient", columns="timepoint", values="above").reindex(wide.index)
        above = above.reindex(columns=list(TIMEPOINT_LABELS)).astype("boolean")
        limit = (below | above).fillna(False)
        both = limit["pre"] & limit["during"]
        for time in TIMEPOINT_LABELS:
            wide[f"{name}_{time}"] = value[time]
        wide[f"{name}_ratio"] = (value["during"] / value["pre"]).mask(both.astype(bool))
        for time in TIMEPOINT_LABELS:
            wide[f"{name}_{time}_below"] = below[time]
        if name in cytokines_above(cytokines):
            for time in TIMEPOINT_LABELS:
                wide[f"{name}_{time}_above"] = above[time]
    return wide.reset_index()


def cytokine_names(cytokines: pd.DataFrame) -> list[str]:
    """Give the cytokines that occur, in the contract's order."""
    there = set(cytokines["cytokine"])
    return [name for name in CYTOKINE_UNITS if name in there]


def cytokines_above(cytokines: pd.DataFrame) -> list[str]:
    """Give the cytokines of which a value lies above the upper limit; only these have flags for it."""
    there = set(cytokines.loc[cytokines["above"], "cytokine"])
    return [name for name in CYTOKINE_UNITS if name in there]


def _to_value(text: str) -> tuple[float, str]:
    side = text[0] if text.startswith(("<", ">")) else ""
    value = to_number(text[1:].strip() if side else text)
    if value <= 0:
        raise ValueError
    return value, side


def _check_units(table: RawTable, names: list[str | None]) -> None:
    for row, name in enumerate(names):
        unit = table.cells[row].get("unit", "")
        if name is not None and "unit" in table.header and unit != CYTOKINE_UNITS[name]:
            action = "Convert the values (1 ng/mL = 1000 pg/mL) or correct the unit."
            expected = CYTOKINE_UNITS[name]
            table.note(row, "unit", expected=expected, found=repr(unit), action=action, code="cytokine-unit")
