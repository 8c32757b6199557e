"""Long tables: a column of doses, one or two of volumes, and one that names the structure. docs/dvh-text-formats.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lungtox.dose.dvhtext.grid import NAMES, Grid, doses_unit, header_word, split_unit
from lungtox.dose.dvhtext.rows import Rows, parse_cells
from lungtox.dose.dvhtext.section import FloatArray, Section
from lungtox.dose.dvhtext.source import DoseUnit, VolumeUnit, dose_unit, volume_unit
from lungtox.errors import Fault, InputError

SPELLINGS = {
    "dose": ("dose",),
    "relative dose": ("doserel", "relativedose"),
    "volume": ("volume", "volumecc"),
    "relative volume": ("volumerel", "relativevolume"),
}


def is_long(words: Sequence[str]) -> bool:
    """Say whether the names of the columns are those of a long table."""
    doses = {*SPELLINGS["dose"], *SPELLINGS["relative dose"]}
    volumes = {*SPELLINGS["volume"], *SPELLINGS["relative volume"]}
    return bool(doses & set(words)) and bool(volumes & set(words))


def long_sections(grid: Grid, who: str, given: DoseUnit | None) -> Iterator[Section]:
    """Columns dose and volume, and one for the structure where there are several; others are not looked at."""
    words = [header_word(cell) for cell in grid.header]
    name_at = next((n for n, word in enumerate(words) if word in NAMES), None)
    wanted = {
        role: next((n for n, word in enumerate(words) if word in spelt), None) for role, spelt in SPELLINGS.items()
    }
    columns = [n for n in wanted.values() if n is not None]
    order = {n: place for place, n in enumerate(columns)}
    blocks: dict[str, list[int]] = {}
    for index, row in enumerate(grid.cells):
        key = row[name_at] if name_at is not None and len(row) > name_at else ""
        blocks.setdefault(key, []).append(index)
    for position, (name, indices) in enumerate(blocks.items(), start=1):
        numbers = [grid.numbers[n] for n in indices]
        shown = name or f"structure {position}"
        line = numbers[0]
        try:
            picked = [[row[n] if len(row) > n else "" for n in columns] for row in (grid.cells[k] for k in indices)]
            table = parse_cells(picked, numbers, columns=len(columns), who=who)
            yield _long_section(shown, position, table, grid, wanted, order, given, f"{who} line {grid.line}")
        except InputError as error:
            yield Section(structure=shown, position=position, line=line, faults=error.faults)


def _long_section(
    name: str, position: int, table: Rows, grid: Grid, wanted: dict[str, int | None], order: dict[int, int],
    given: DoseUnit | None, place: str,
) -> Section:  # fmt: skip
    def column(role: str) -> tuple[FloatArray, str] | None:
        index = wanted[role]
        return None if index is None else (table.values[:, order[index]], split_unit(grid.header[index])[1])

    dose, relative_dose = column("dose"), column("relative dose")
    cc, percent = column("volume"), column("relative volume")
    notes: tuple[str, ...] = ()
    if dose is None:
        unit: DoseUnit = "%"
        doses = relative_dose[0] if relative_dose else np.zeros(0)
    else:
        doses = dose[0]
        inferred = _by_prescription(dose, relative_dose, given)
        unit = inferred or doses_unit({dose[1]}, given, place)
        if inferred:
            notes = (f"doses stand without a unit; the relative dose beside them tells {inferred}",)
    volume_is: VolumeUnit | None = "%"
    if cc is not None:
        # A column named volume beside one named relative volume is in cc.
        volume_is = volume_unit(cc[1]) if cc[1] else "cc" if percent is not None or "cc" in _words(grid) else None
    if volume_is is None:
        found = "none that is known"
        raise InputError(Fault(place, "a unit of volume, cc or %", found, "Write it in the header.", "dvh-units"))
    volumes = cc[0] if cc is not None else percent[0] if percent is not None else np.zeros(0)
    faults = _volumes_disagree(name, cc, percent, table.numbers, place) if volume_is == "cc" else ()
    return Section(
        structure=name,
        position=position,
        line=table.numbers[0],
        dose=doses,
        volume=volumes,
        rows=table.numbers,
        dose_unit=unit,
        volume_unit=volume_is,
        notes=notes,
        faults=faults,
    )


def _words(grid: Grid) -> str:
    return " ".join(header_word(cell) for cell in grid.header if header_word(cell).startswith("volume"))


def _by_prescription(
    dose: tuple[FloatArray, str],
    relative: tuple[FloatArray, str] | None,
    given: DoseUnit | None,
) -> DoseUnit | None:
    """Tell Gy from cGy by the dose of 100 %: no course is prescribed 200 Gy or more, and none 2 Gy or less in all."""
    if relative is None or given is not None or dose_unit(dose[1]) or not relative[0].max() > 0:
        return None
    full = 100.0 * float(dose[0][np.argmax(relative[0])]) / float(relative[0].max())
    return "Gy" if 2 < full < 200 else "cGy" if 200 < full < 20000 else None


def _volumes_disagree(
    name: str,
    cc: tuple[FloatArray, str] | None,
    percent: tuple[FloatArray, str] | None,
    numbers: Sequence[int],
    place: str,
) -> tuple[Fault, ...]:
    if cc is None or percent is None or cc[0][0] <= 0:
        return ()
    far = np.flatnonzero(np.abs(cc[0] / cc[0][0] - percent[0] / 100.0) > 2e-3)
    file = place.rpartition(" line ")[0]
    return tuple(
        Fault(
            f"{file} line {numbers[n]}, {name}",
            "the same share in cc and in percent",
            f"{cc[0][n]:g} of {cc[0][0]:g} cc and {percent[0][n]:g} %",
            "Export the file again.",
            "dvh-row",
        )
        for n in far.tolist()
    )
