"""DVH exports, as text or inside an RTDOSE, as the same objects."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from lungtox.dicom import StoredDvh, holds_dicom, read_stored_dvhs
from lungtox.dose import Dvh, compute_metrics, parse_metric
from lungtox.dose.dvhtext import DvhExport, PrintedFigure, Section, TextDvh, UnusableDvh, export_of, scan_dvh_text
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.extraction.entries import DvhEntry

KINDS: dict[str, Literal["cumulative", "per_bin"]] = {"CUMULATIVE": "cumulative", "DIFFERENTIAL": "per_bin"}
DOSES, VOLUMES = ("GY", "RELATIVE"), ("CM3", "PERCENT")


def read_dvh_export(
    path: str | Path, *, who: str = "DVH file", dose_unit: Literal["Gy", "cGy"] | None = None
) -> DvhExport:
    """Read a planning system's DVHs, from text or from the DVHSequence of an RTDOSE, as far as they can be used.

    Parameters
    ----------
    path : str or Path
        What it is is recognised by its content.
    who : str
        Stands in front of every message, in place of the path.
    dose_unit : {"Gy", "cGy"}, optional
        For tables whose header has no unit.

    Raises
    ------
    InputError
        No such file, or nothing in it that is a DVH.
    """
    if not holds_dicom(path):
        return scan_dvh_text(path, who=who, dose_unit=dose_unit)
    stored, faults = read_stored_dvhs(path, who=who)
    places = [place for place in range(1, len(stored) + len(faults) + 1) if place not in faults]
    sections = (_section(one, place, who) for one, place in zip(stored, places, strict=True))
    export = export_of("RTDOSE", sections, who=who) if stored else DvhExport("RTDOSE", ())
    unusable = (UnusableDvh(f"DVH {place}", place, found) for place, found in faults.items())
    return DvhExport(export.system, export.dvhs, (*export.unusable, *unusable))


def _section(stored: StoredDvh, position: int, who: str) -> Section:
    name = f"ROI {stored.roi_number}"
    relative = stored.dose_units == "RELATIVE"
    known = stored.kind in KINDS and stored.dose_units in DOSES and stored.volume_units in VOLUMES
    edges = np.append(0.0, np.cumsum(stored.width))
    scale = (stored.normalization_gy or np.nan) / 100.0 if relative else 1.0
    faults: tuple[Fault, ...] = ()
    if not known:
        expected = "a cumulative or differential DVH in Gy or percent of dose, and in cc or percent of volume"
        faults = (Fault(f"{who} DVH {position}, {name}", expected, "another kind", "Export it again.", "dvh-units"),)
    return Section(
        structure=name,
        position=position,
        line=position,
        # The standard does not say where in its bin a cumulative volume counts: the middle is nearest to all.
        dose=0.5 * (edges[1:] + edges[:-1]),
        # What binary fractions leave where a curve has come to nothing.
        volume=np.where(np.abs(stored.volume) < 1e-9 * np.abs(stored.volume).max(), 0.0, stored.volume),
        rows=range(1, stored.width.size + 1),
        dose_unit="%" if relative else "Gy",
        volume_unit="%" if stored.volume_units == "PERCENT" else "cc",
        kind=KINDS.get(stored.kind, "cumulative"),
        place="centre",
        full_dose_gy=stored.normalization_gy,
        printed=tuple(
            PrintedFigure(figure=figure, value=value * scale, rounding=0.0)
            for figure, value in stored.figures.items()
            if np.isfinite(value * scale)
        ),
        plan_sum=stored.plan_sum,
        notes=("the dose is RBE-weighted (DoseType EFFECTIVE)",) if stored.rbe_weighted else (),
        faults=faults,
        whole_first=True,
        row_word=f"DVH {position} bin",
    )


def export_entries(export: DvhExport, names: Collection[str], *, metrics: Sequence[str]) -> Iterator[DvhEntry]:
    """Give figures and metrics of the structures of an export, in the order of the file.

    Parameters
    ----------
    export : DvhExport
    names : collection of str
        Structures to give; empty: all.
    metrics : sequence of str
        TG-263 names.

    Raises
    ------
    InputError
        A name that is not in the file; the names that are there are listed.
    """
    known = export.names
    absent = [name for name in names if name.strip() not in known.values()]
    if absent:
        listed = ", ".join(known.values())
        raise InputError(
            [
                Fault("DVH file", f"a structure {name!r}", listed, "Use one of these names.", "structure")
                for name in absent
            ]
        )
    wanted = {name.strip() for name in names} or set(known.values())
    for item in export.all:
        if item.structure in wanted:
            yield _entry(item, metrics, _body(export, item, metrics))


def _body(export: DvhExport, item: TextDvh | UnusableDvh, metrics: Sequence[str]) -> Dvh | None:
    """Give the body's DVH of the same plan, where a CI is asked for and one structure is named so."""
    if isinstance(item, UnusableDvh) or not any(parse_metric(name).kind == "conformity" for name in metrics):
        return None
    from lungtox.naming import propose_name

    same = (one for one in export.dvhs if one.plan == item.plan)
    bodies = [one for one in same if propose_name(one.structure).structure == "Body"]
    return bodies[0].to_dvh() if len(bodies) == 1 else None


def _entry(item: TextDvh | UnusableDvh, metrics: Sequence[str], body: Dvh | None) -> DvhEntry:
    nothing: dict[str, float | None] = dict.fromkeys(metrics)
    if isinstance(item, UnusableDvh):
        why = tuple(f"{fault.who}: {fault.expected} expected, {fault.found} found" for fault in item.faults)
        return DvhEntry(item.structure, "anatomical", None, metrics=nothing, warnings=why)
    dvh = item.to_dvh()
    warnings = (*((f"plan {item.plan} of the file",) if item.plan else ()), *item.warnings)
    values = nothing.copy()
    for name in metrics:
        try:
            values.update(compute_metrics(dvh, [name], body=body, prescription_gy=item.prescription_gy))
        except ParameterError as error:  # the dose to 1 cc of a structure of half a cc, or of an unknown volume
            warnings = (*warnings, f"{name}: {error}")
    return DvhEntry(
        item.structure, "anatomical", item.structure_cc, item.min_gy, dvh.mean_gy, item.max_gy, values, warnings
    )
