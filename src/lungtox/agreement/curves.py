"""Cumulative DVHs of the same patients from two sources, compared along the dose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lungtox.agreement.bland_altman import FEWEST, WIDTH
from lungtox.agreement.cases import Case
from lungtox.agreement.config import AgreementSettings
from lungtox.agreement.pairing import unpaired_faults
from lungtox.agreement.schemas import CURVE_SUMMARY, CURVES, DISTANCES, UNPAIRED
from lungtox.dose import Dvh, read_dvhs
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.table_schemas import typed

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
Key = tuple[str, str]
STEP_GY = 0.1


@dataclass(frozen=True)
class CurveDistance:
    """How far two cumulative DVHs lie apart.

    Attributes
    ----------
    largest_pct : float
        Largest difference of volume, in percent of the volume, whatever its sign.
    at_gy : float
        Where.
    area_gy : float
        Area between the curves over the whole volume: the mean shift of dose, signs left out.
    mean_difference_gy : float
        The same with signs, second minus first: the difference of the mean doses.
    """

    largest_pct: float
    at_gy: float
    area_gy: float
    mean_difference_gy: float


@dataclass(frozen=True, eq=False)
class CurveTables:
    """Tables of results/agreement (docs/file-contracts.md).

    Attributes
    ----------
    curves : pandas.DataFrame
        Mean curves and pointwise limits of agreement.
    distances : pandas.DataFrame
        One row per patient and structure.
    summary : pandas.DataFrame
        One row per comparison and structure: medians and extremes of the distances over the patients.
    unpaired : pandas.DataFrame
        Structures of a patient that one source only has.
    """

    curves: pd.DataFrame
    distances: pd.DataFrame
    summary: pd.DataFrame
    unpaired: pd.DataFrame


def share_at(dvh: Dvh, edges: int) -> FloatArray:
    """Give the cumulative DVH in % at multiples of 0.1 Gy, shape (edges,)."""
    cumulative = dvh.cumulative
    shares: FloatArray = np.array([cumulative.volume_at_cc(STEP_GY * k) for k in range(edges)])
    return 100.0 * shares / cumulative.total_cc


def curve_distance(first: Dvh, second: Dvh) -> CurveDistance:
    """Measure how far two cumulative DVHs of relative volume lie apart, at steps of 0.1 Gy.

    Parameters
    ----------
    first, second : Dvh
        Of one dose quantity.

    Raises
    ------
    ParameterError
        DVHs of different quantities.
    """
    if (first.quantity, first.alpha_beta_gy) != (second.quantity, second.alpha_beta_gy):
        raise ParameterError(f"{first.structure}: DVHs of {first.quantity} and {second.quantity}")
    edges = int(max(first.max_gy, second.max_gy) / STEP_GY) + 2
    return _distance(share_at(second, edges) - share_at(first, edges))


def _distance(apart: FloatArray) -> CurveDistance:
    place = int(np.abs(apart).argmax())
    area, signed = (float(np.trapezoid(values)) * STEP_GY / 100.0 for values in (np.abs(apart), apart))
    return CurveDistance(float(abs(apart[place])), round(place * STEP_GY, 9), area, signed)


def compare_curves(
    files: Mapping[str, Iterable[str | Path]], settings: AgreementSettings, *, cases: Mapping[str, Case]
) -> CurveTables:
    """Compare the cumulative DVHs of the structures that `agreement.curves` names.

    Parameters
    ----------
    files : mapping of str to iterable of path
        DVH tables of each source; they are read one by one, and 0.1 Gy steps of the wanted structures are kept.
    settings : AgreementSettings
    cases : mapping of str to Case

    Returns
    -------
    CurveTables
        Of patients whom both sources have; who is in one of them only stands in the table of unpaired metrics.

    Raises
    ------
    InputError
        All at once: structures of a patient that one source lacks (``unpaired``, unless they may be left out), and
        those that no patient has in both (``agreement-structure``).
    """
    sources = {source: _read(paths, settings) for source, paths in files.items()}
    tables: dict[str, list[dict[str, Any]]] = {"curves": [], "distances": [], "summary": [], "unpaired": []}
    faults: list[Fault] = []
    for a, b in settings.pairs:
        unpaired = list(_unpaired((a, sources[a]), (b, sources[b]), settings))
        if settings.unpaired == "stop":
            faults += unpaired_faults(unpaired, f"of {a} and {b}")
        tables["unpaired"] += [{"first": a, "second": b, **row} for row in unpaired]
        first, second = sources[a].shares, sources[b].shares
        for structure, limit in settings.curves.items():
            both = [key for key in first if key in second and key[1] == structure]
            if not both:
                faults.append(_nobody(f"agreement of {a} and {b}", structure))
            for group in dict.fromkeys(case.group for case in cases.values()):
                keys = [key for key in both if cases[key[0]].group == group]
                if not keys:
                    continue
                head = {"first": a, "second": b, "group": group, "structure": structure}
                values_a, values_b = (
                    _stacked([shares[key] for key in keys], first, second) for shares in (first, second)
                )
                tables["curves"] += _limits(head, values_a, values_b, [cases[patient].subject for patient, _ in keys])
                own = [
                    _distance_row(patient, apart, limit)
                    for (patient, _), apart in zip(keys, values_b - values_a, strict=True)
                ]
                tables["distances"] += [{**head, **row} for row in own]
                tables["summary"].append({**head, **_summary_row(own, limit)})
    if faults:
        raise InputError(dict.fromkeys(faults))
    return CurveTables(
        typed(tables["curves"], CURVES),
        typed(tables["distances"], DISTANCES),
        typed(tables["summary"], CURVE_SUMMARY),
        typed(tables["unpaired"], UNPAIRED),
    )


@dataclass(frozen=True, eq=False)
class _Shares:
    """What is kept of a source: its patients, and the curves by patient and structure."""

    patients: tuple[str, ...]
    shares: Mapping[Key, FloatArray]


def _read(paths: Iterable[str | Path], settings: AgreementSettings) -> _Shares:
    patients: dict[str, None] = {}
    shares: dict[Key, FloatArray] = {}
    for path in paths:
        for patient, dvh in read_dvhs(path):
            patients[patient] = None
            if dvh.structure in settings.curves and (dvh.weighting, dvh.quantity) == ("anatomical", "physical"):
                shares[patient, dvh.structure] = share_at(dvh, int(dvh.max_gy / STEP_GY) + 2)
    return _Shares(tuple(patients), shares)


def _unpaired(
    first: tuple[str, _Shares], second: tuple[str, _Shares], settings: AgreementSettings
) -> Iterator[dict[str, str]]:
    """Give the structures that one source lacks of a patient whom both have."""
    both = [patient for patient in first[1].patients if patient in set(second[1].patients)]
    for patient in both:
        for structure in settings.curves:
            absent = [name for name, source in (first, second) if (patient, structure) not in source.shares]
            if len(absent) == 1:
                yield {"patient": patient, "structure": structure, "metric": "DVH", "reason": f"no DVH in {absent[0]}"}


def _nobody(who: str, structure: str) -> Fault:
    action = f"Compare structures that both sources have, or take {structure} out of agreement.curves."
    return Fault(f"{who}: {structure}", "patients with DVHs in both sources", "none", action, "agreement-structure")


def _summary_row(rows: list[dict[str, Any]], limit_pct: float) -> dict[str, Any]:
    largest, area, signed = (
        np.array([float(row[name]) for row in rows]) for name in ("largest_pct", "area_gy", "mean_difference_gy")
    )
    return {
        "n": len(rows),
        "median_largest_pct": float(np.median(largest)),
        "largest_pct": float(largest.max()),
        "limit_pct": limit_pct,
        "within": sum(bool(row["within"]) for row in rows),
        "median_area_gy": float(np.median(area)),
        "mean_difference_gy": float(signed.mean()),
    }


def _stacked(shares: list[FloatArray], *all_of: Mapping[tuple[str, str], FloatArray]) -> FloatArray:
    """Put curves of different lengths into one array; beyond the maximum dose the volume is 0."""
    longest = max(share.size for kept in all_of for share in kept.values())
    found = np.zeros((len(shares), longest))
    for row, share in zip(found, shares, strict=True):
        row[: share.size] = share
    return found


def _limits(
    head: Mapping[str, str], first: FloatArray, second: FloatArray, subjects: list[str]
) -> Iterator[dict[str, Any]]:
    """Give the pointwise limits of agreement over persons, up to the last dose that anybody gets."""
    persons = list(dict.fromkeys(subjects))
    if len(persons) < FEWEST:
        return
    place = np.array([persons.index(subject) for subject in subjects])
    means = [np.array([side[place == k].mean(axis=0) for k in range(len(persons))]) for side in (first, second)]
    apart = means[1] - means[0]
    bias, sd = apart.mean(axis=0), apart.std(axis=0, ddof=1)
    last = int(np.flatnonzero((means[0] > 0).any(axis=0) | (means[1] > 0).any(axis=0)).max()) + 1
    for k in range(min(last + 1, bias.size)):
        yield {
            **head, "dose_gy": round(k * STEP_GY, 9), "n": len(persons), "first_pct": means[0][:, k].mean(),
            "second_pct": means[1][:, k].mean(), "bias": bias[k], "lower": bias[k] - WIDTH * sd[k],
            "upper": bias[k] + WIDTH * sd[k],
        }  # fmt: skip


def _distance_row(patient: str, apart: FloatArray, limit: float) -> dict[str, Any]:
    found = _distance(apart)
    return {
        "patient": patient, "largest_pct": found.largest_pct, "at_gy": found.at_gy, "area_gy": found.area_gy,
        "mean_difference_gy": found.mean_difference_gy, "limit_pct": limit, "within": found.largest_pct <= limit,
    }  # fmt: skip
