"""Recognising a DVH export by its content, and reading it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType

from lungtox.dose.dvhtext import eclipse, masterplan, monaco, pinnacle, raystation, tables, xio
from lungtox.dose.dvhtext.assemble import assemble
from lungtox.dose.dvhtext.curve import DvhExport, TextDvh, UnusableDvh
from lungtox.dose.dvhtext.section import Section
from lungtox.dose.dvhtext.source import DoseUnit, read_lines
from lungtox.errors import Fault, InputError

READERS: tuple[ModuleType, ...] = (xio, raystation, monaco, eclipse, masterplan, pinnacle, tables)
MOST_STRUCTURES = 2000
KNOWN = "Eclipse, Pinnacle, Monaco, RayStation, MasterPlan, XiO or a table with a header"


def read_dvh_text(path: str | Path, *, who: str = "DVH file", dose_unit: DoseUnit | None = None) -> DvhExport:
    """Read a DVH export, all of whose structures must be sound.

    Parameters
    ----------
    path : str or Path
        A file, or the folder of a Pinnacle export. What it is is recognised by its content.
    who : str
        Stands in front of every message; the path does not, since names of files identify patients.
    dose_unit : {"Gy", "cGy"}, optional
        For tables whose header has no unit.

    Raises
    ------
    InputError
        All faults of the file at once, each with its line. See `scan_dvh_text` for a file that is sound in part.
    """
    export = scan_dvh_text(path, who=who, dose_unit=dose_unit)
    export.refuse_unusable()
    return export


def scan_dvh_text(path: str | Path, *, who: str = "DVH file", dose_unit: DoseUnit | None = None) -> DvhExport:
    """Read a DVH export as far as it can be used: sound structures, and the faults of the others.

    Raises
    ------
    InputError
        No such file, not a DVH export, or one in which no structure is found.
    """
    place = Path(path)
    if pinnacle.is_folder(place):
        return export_of(pinnacle.SYSTEM, pinnacle.read_folder(place, who=who), who=who)
    return scan_lines(read_lines(place, who=who), who=who, dose_unit=dose_unit)


def scan_lines(lines: Sequence[str], *, who: str, dose_unit: DoseUnit | None = None) -> DvhExport:
    """Read the lines of a file; see `scan_dvh_text`."""
    for reader in READERS:
        if reader.recognises(lines):
            read = partial(reader.read, dose=dose_unit) if reader is tables else reader.read
            return export_of(reader.SYSTEM, read(lines, who=who), who=who)
    action = "Export the DVH as text in English; docs/dvh-text-formats.md shows what is understood."
    raise InputError(Fault(who, f"a DVH export of {KNOWN}", "text of another kind", action, "dvh-format"))


def export_of(system: str, sections: Iterable[Section], *, who: str) -> DvhExport:
    """Judge the sections of a file one by one."""
    dvhs: list[TextDvh] = []
    unusable: list[UnusableDvh] = []
    for section in sections:
        if section.position > MOST_STRUCTURES:
            action = "Export fewer structures."
            raise InputError(Fault(who, f"at most {MOST_STRUCTURES} structures", "more", action, "dvh-size"))
        try:
            dvhs.append(assemble(section, who=who))
        except InputError as error:
            unusable.append(UnusableDvh(section.structure, section.position, error.faults))
    if not dvhs and not unusable:
        raise InputError(Fault(who, "at least one structure", "none", "Export it again.", "dvh-table"))
    return DvhExport(system, tuple(dvhs), tuple(unusable))
