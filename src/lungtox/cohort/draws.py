"""A hospital's cytokine table, long or wide, in the contract's form: limits, units, dilution, replicates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lungtox.cohort.columns import CYTOKINE_UNITS, TIMEPOINT_LABELS
from lungtox.cohort.cytokines import COLUMNS, NAME
from lungtox.cohort.key_file import PatientKey
from lungtox.cohort.mapping import CENSOR, MappedTable, start_mapping
from lungtox.cohort.number_texts import number_text
from lungtox.cohort.replicates import Draw, combine_replicates
from lungtox.cohort.rows import RawTable
from lungtox.cohort.sheets import Sheet, clean_header
from lungtox.cohort.table_config import ColumnSettings, CytokineTableSettings, DrawSettings
from lungtox.errors import Fault

PLACE = "tables.cytokines"
PER_ML = {"pg/ml": 1.0, "ng/l": 1.0, "ng/ml": 1000.0, "ug/l": 1000.0}
ACTIVITY = {"u/l": 1.0, "iu/l": 1.0, "mu/ml": 1.0, "u/ml": 1000.0, "iu/ml": 1000.0}
"""Factors to the contract's unit: pg/mL, and U/L for the activity of ACE."""
FACTORS = {name: PER_ML if unit == "pg/mL" else ACTIVITY for name, unit in CYTOKINE_UNITS.items()}


def map_cytokines(
    sheet: Sheet, settings: CytokineTableSettings, *, key: PatientKey | None
) -> tuple[RawTable, list[str]]:
    """Bring a cytokine table to the contract's form.

    Parameters
    ----------
    sheet : Sheet
    settings : CytokineTableSettings
        Section `tables.cytokines`.
    key : PatientKey or None
        Translates patient IDs to study IDs.

    Returns
    -------
    table : RawTable
        One row per patient, cytokine and time point, in the order in which they first occur; faults found so far.
        ``<x`` and ``>x`` stay what they are. Empty cells give no row.
    remarks : list of str
    """
    columns: dict[str, ColumnSettings] = dict(settings.columns.items())
    wide = {f"value of {header}": (header, draw) for header, draw in settings.wide.items()}
    columns |= {ours: ColumnSettings(column=header) for ours, (header, _) in wide.items()}
    columns |= {f"plate of {h}": ColumnSettings(column=d.plate) for h, d in settings.wide.items() if d.plate}
    doses = {h: d.draw_dose_gy for h, d in settings.wide.items() if d.draw_dose_gy}
    in_columns = {h: text for h, text in doses.items() if clean_header(text) in sheet.header}
    columns |= {f"dose of {header}": ColumnSettings(column=text) for header, text in in_columns.items()}
    mapped = start_mapping(sheet, NAME, columns=columns, settings=settings, place=PLACE)
    faults = mapped.table.faults
    fixed = _fixed_doses({h: text for h, text in doses.items() if h not in in_columns}, faults)
    if set(columns) <= set(mapped.columns):
        mapped.add_study_ids(key)
        for name in mapped.columns:
            _add(mapped, name)
        draws = _wide_draws(mapped, settings, wide, fixed) if wide else _long_draws(mapped, settings)
    else:
        draws = []
    draws, remarks = combine_replicates(mapped, draws, settings) if settings.replicates != "refuse" else (draws, [])
    if mapped.commas:
        remarks.append(f"{NAME}: decimal comma found in {', '.join(dict.fromkeys(mapped.commas))}.")
    remarks += [f"{NAME}, {text}." for text in mapped.thousands]
    return _contract_table(mapped, draws), remarks


def _fixed_doses(texts: Mapping[str, str], faults: list[Fault]) -> dict[str, str]:
    """Give the draw doses that are numbers in the config; what is neither number nor header is a fault."""
    doses = {}
    for header, text in texts.items():
        try:
            doses[header] = number_text(float(text))
        except ValueError:
            where = f"config: {PLACE}.wide.{header}.draw_dose_gy"
            faults.append(
                Fault(where, "a dose in Gy or the header of a column", repr(text), "Correct it.", "config-value")
            )
    return doses


def _add(mapped: MappedTable, name: str) -> None:
    if name in ("draw_dose_gy", "dilution") or name.startswith("dose of "):
        mapped.add(name, "number")
    elif name in ("cytokine", "timepoint"):
        mapped.add(name, "code", levels=list(CYTOKINE_UNITS if name == "cytokine" else TIMEPOINT_LABELS))
    elif name in ("unit", "plate") or name.startswith("plate of "):
        mapped.add(name, "text")


def _long_draws(mapped: MappedTable, settings: CytokineTableSettings) -> list[Draw]:
    cells = mapped.table.cells
    names = [row["cytokine"] for row in cells]
    return list(_draws(mapped, settings, "value", names=names, times=[row["timepoint"] for row in cells]))


def _wide_draws(
    mapped: MappedTable,
    settings: CytokineTableSettings,
    wide: Mapping[str, tuple[str, DrawSettings]],
    fixed: Mapping[str, str],
) -> list[Draw]:
    count = len(mapped.table.cells)
    found: list[Draw] = []
    for ours, (header, draw) in wide.items():
        own = (
            settings.model_copy(update={"units": {**settings.units, draw.cytokine: draw.unit}})
            if draw.unit
            else settings
        )
        names, times = [draw.cytokine] * count, [draw.timepoint] * count
        for one in _draws(mapped, own, ours, names=names, times=times):
            cells = mapped.table.cells[one.row]
            dose = cells.get(f"dose of {header}") or fixed.get(header) or one.draw_dose_gy
            if (one.row, f"dose of {header}") in mapped.table.refused:
                dose = ""  # what is wrong with it has been said
            found.append(replace(one, draw_dose_gy=dose, plate=cells.get(f"plate of {header}") or one.plate))
    return sorted(found, key=lambda draw: draw.row)


def _draws(
    mapped: MappedTable, settings: CytokineTableSettings, column: str, *, names: Sequence[str], times: Sequence[str]
) -> Iterator[Draw]:
    """Give the values of one column in the contract's unit; what cannot be a value is noted."""
    sides, values = _censored(mapped, settings, column, names)
    for row, (side, value) in enumerate(zip(sides, values, strict=True)):
        cells = mapped.table.cells[row]
        if value is None:
            continue
        if value <= 0:
            action = "Correct the cell; below the detection limit x write <x, empty when the value is missing."
            found = number_text(value)
            mapped.refuse(
                [row], column, expected="a positive number, <x or >x", found=found, action=action, code="table-number"
            )
            continue
        factor = _factor(mapped, settings, row, column, names[row]) * _dilution(mapped, settings, row)
        dose = settings.draw_dose_gy.get(times[row]) if times[row] in ("pre", "during") else None  # type: ignore[call-overload]
        own = cells.get("draw_dose_gy", "") or ("" if dose is None else number_text(dose))
        plate = cells.get("plate", "")
        # The product of a decimal number and a power of ten picks up noise in the last digits.
        value = value if factor == 1.0 else float(f"{value * factor:.12g}")
        yield Draw(row, column, cells["patient"], names[row], times[row], plate, own, side, value)


def _censored(
    mapped: MappedTable, settings: CytokineTableSettings, column: str, names: Sequence[str]
) -> tuple[list[str], list[float | None]]:
    """Split cells into the sign of a limit and the number, which is read by the decimal sign of the column."""
    sides, plain = [], []
    for row, cell in enumerate(mapped.cells(column)):
        side = ""
        if isinstance(cell, str) and cell:
            limits = settings.below.get(cell)
            match = CENSOR.fullmatch(cell)
            if limits is not None and names[row] in limits:
                side, cell = "<", limits[names[row]]  # type: ignore[index]
            elif limits is not None:
                action = f"Add it under {PLACE}.below.{cell}."
                expected = f"a detection limit of {names[row]}"
                mapped.refuse([row], column, expected=expected, found=repr(cell), action=action, code="table-number")
                cell = ""
            elif match is not None:
                side, cell = match[1], match[2].strip() or match[0]
        sides.append(side)
        plain.append(cell)
    return sides, mapped.numbers(column, plain)


def _factor(mapped: MappedTable, settings: CytokineTableSettings, row: int, column: str, name: str) -> float:
    if name not in FACTORS:
        return 1.0  # an unknown cytokine is noted already
    own = mapped.table.cells[row].get("unit", "")
    unit = own or settings.units.get(name) or settings.unit or ""  # type: ignore[call-overload]
    factor = FACTORS[name].get(unit.lower().replace(" ", "").replace("\u00b5", "u").replace("\u03bc", "u"))
    if factor is not None:
        return factor
    known = "pg/mL, ng/L, ng/mL or \u00b5g/L" if FACTORS[name] is PER_ML else "U/L, mU/mL or U/mL"
    where = "unit" if "unit" in mapped.columns else column
    found = repr(unit) if unit else "none"
    action = f"Correct it, or declare `unit` or `units` ({PLACE})."
    mapped.refuse(
        [row], where, expected=f"the unit of {name}: {known}", found=found, action=action, code="cytokine-unit"
    )
    return 1.0


def _dilution(mapped: MappedTable, settings: CytokineTableSettings, row: int) -> float:
    if (
        settings.dilution != "not_applied"
        or "dilution" not in mapped.columns
        or (row, "dilution") in mapped.table.refused
    ):
        return 1.0
    text = mapped.table.cells[row].get("dilution", "")
    factor = float(text) if text else 0.0
    if factor < 1.0:
        action = "Write 1 where the sample was not diluted, 4 for 1:4."
        found = repr(text) if text else "an empty cell"
        mapped.refuse(
            [row], "dilution", expected="a factor of at least 1", found=found, action=action, code="table-number"
        )
        return 1.0
    return factor


def _contract_table(mapped: MappedTable, draws: Sequence[Draw]) -> RawTable:
    """Write the draws as rows of the contract; lines and faults are those of the sheet."""
    cells = [
        {
            "patient": draw.patient,
            "cytokine": draw.cytokine,
            "timepoint": draw.timepoint,
            "draw_dose_gy": draw.draw_dose_gy,
            "value": f"{draw.side}{number_text(draw.value)}",
            "unit": CYTOKINE_UNITS.get(draw.cytokine, ""),
            "plate": draw.plate,
        }
        for draw in draws
    ]
    source = mapped.table
    lines = [source.lines[draw.row] for draw in draws]
    refused = {
        (place, column)
        for place, draw in enumerate(draws)
        for column in (*COLUMNS, draw.column)
        if (draw.row, column) in source.refused
    }
    sources = {name: header for name, header in source.sources.items() if name in COLUMNS}
    return RawTable(NAME, COLUMNS, lines, cells, source.faults, sources, source.line_word, refused)
