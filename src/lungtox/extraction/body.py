"""The body beside single structures: a conformity index asks how much of it an isodose holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lungtox.dicom import read_structure_names, read_structures
from lungtox.dose import Dvh, compute_dvh, dvh_from_samples, parse_metric, sample_courses
from lungtox.errors import LungtoxError
from lungtox.geometry import Dose, Structure


def body_dvh(structures: Iterable[Structure], doses: Sequence[Dose], metrics: Iterable[str]) -> Dvh | None:
    """Give the DVH of the one structure that is named as the body, of physical dose.

    Parameters
    ----------
    structures : iterable of Structure
        Those that were read.
    doses : sequence of Dose
        They are added.
    metrics : iterable of str
        TG-263 names; without a CI among them nothing is computed.

    Returns
    -------
    Dvh or None
        None where no or more than one structure is named so, or it has no dose.
    """
    if not _needed(metrics):
        return None
    bodies = [one for one in structures if one.planes and _is_body(one.name)]
    if len(bodies) != 1:
        return None
    try:
        if len(doses) == 1:
            return compute_dvh(bodies[0], doses[0])
        samples = sample_courses(bodies[0], doses).samples
    except LungtoxError:
        return None
    return dvh_from_samples(
        samples.dose_gy,
        samples.volume_cc,
        structure=samples.structure,
        spread_gy=samples.spread_gy,
        coverage_pct=samples.coverage_pct,
    )


def read_body(path: str | Path, metrics: Iterable[str]) -> tuple[Structure, ...]:
    """Read the structures that are named as the body, where a CI is asked for.

    Parameters
    ----------
    path : path of an RTSTRUCT
    metrics : iterable of str
        TG-263 names.

    Raises
    ------
    InputError
        As `lungtox.dicom.read_structures`.
    """
    if not _needed(metrics):
        return ()
    numbers = [number for number, name in read_structure_names(path).items() if _is_body(name)]
    return tuple(read_structures(path, names=numbers).structures.values()) if numbers else ()


def _needed(metrics: Iterable[str]) -> bool:
    return any(parse_metric(name).kind == "conformity" for name in metrics)


def _is_body(name: str) -> bool:
    from lungtox.naming import propose_name

    return propose_name(name).structure == "Body"
