"""Pairs of metrics of the same patient, structure and name; what has no partner is listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.agreement.cases import Case
from lungtox.agreement.config import MAIN, AgreementSettings, LimitSettings
from lungtox.errors import Fault, count_of

if TYPE_CHECKING:
    import pandas as pd

NAMED = 12
HUNDREDFOLD = (50.0, 200.0)
"""Between these, or their inverses, the median ratio of two sources is a matter of Gy and cGy, not of dose."""
Key = tuple[str, str, str]


@dataclass(frozen=True, eq=False)
class Source:
    """The metrics of one source.

    Attributes
    ----------
    name : str
        For messages.
    metrics : pandas.DataFrame
        As results/dose/metrics.csv.
    unusable : dict of str to str
        Study ID -> why the patient cannot be used, of the quality entries.
    """

    name: str
    metrics: pd.DataFrame
    unusable: Mapping[str, str] = field(default_factory=dict)


def read_sources(
    settings: AgreementSettings, values: Sequence[pd.DataFrame], entries: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, Source]:
    """Put metrics and quality entries of the sources together.

    Parameters
    ----------
    settings : AgreementSettings
    values : sequence of pandas.DataFrame
        Metrics of main and of the further sources, in the order of `settings`.
    entries : mapping of str to sequence of dict
        Quality entries of each source.
    """
    found = {}
    for name, metrics in zip((MAIN, *settings.sources), values, strict=True):
        unusable = {entry["patient"]: _reason(entry) for entry in entries.get(name, ()) if entry["status"] != "ok"}
        found[name] = Source(name, metrics, unusable)
    return found


def _reason(entry: Mapping[str, Any]) -> str:
    return "; ".join(f"expected {fault['expected']}, found {fault['found']}" for fault in entry["faults"])


@dataclass(frozen=True)
class PairedMetrics:
    """Pairs, and what is left without a partner.

    Attributes
    ----------
    rows : tuple of dict
        `patient, structure, metric, unit, first, second`, in the order of the limits, then of the first source.
    unpaired : tuple of dict
        `patient, structure, metric, reason`; structure and metric are empty where it concerns the whole patient.
    faults : tuple of Fault
        Units that differ, and metrics that one source has for nobody: such sources cannot be compared.
    """

    rows: tuple[dict[str, Any], ...]
    unpaired: tuple[dict[str, str], ...]
    faults: tuple[Fault, ...]


def pair_metrics(
    first: Source,
    second: Source,
    limits: Mapping[str, Mapping[str, LimitSettings]],
    *,
    cases: Mapping[str, Case] | None = None,
) -> PairedMetrics:
    """Pair the metrics of two sources by patient, structure and name; anatomical DVHs of physical dose only.

    Parameters
    ----------
    first, second : Source
    limits : mapping of structure to mapping of metric to LimitSettings
        What is compared, and in which groups.
    cases : mapping of str to Case, optional
        Group of each patient.

    Returns
    -------
    PairedMetrics
    """
    values = [_values(source) for source in (first, second)]
    known = [{patient for patient, _, _ in one} for one in values]
    order = list(dict.fromkeys([*(key[0] for key in values[0]), *(key[0] for key in values[1]), *first.unusable,
                                *second.unusable]))  # fmt: skip
    unpaired = [
        {"patient": patient, "structure": "", "metric": "", "reason": reason}
        for patient in order
        for reason in _patient_reasons(patient, (first, second), known)
    ]
    both = [patient for patient in order if patient in known[0] and patient in known[1]]
    rows: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for structure, metrics in limits.items():
        for metric, limit in metrics.items():
            asked = [p for p in both if not limit.groups or (cases is not None and cases[p].group in limit.groups)]
            found = list(_pairs(asked, structure, metric, values, (first, second)))
            rows += [row for row in found if "reason" not in row]
            unpaired += [row for row in found if "reason" in row]
            faults += _metric_faults(found, structure, metric, (first, second), limit)
    return PairedMetrics(tuple(rows), tuple(unpaired), tuple(faults))


def unpaired_faults(unpaired: Sequence[Mapping[str, str]], comparison: str) -> Iterator[Fault]:
    """Say who has no partner: a fault for each reason, with the patients together."""
    by_reason: dict[tuple[str, str, str], list[str]] = {}
    for row in unpaired:
        by_reason.setdefault((row["structure"], row["metric"], row["reason"]), []).append(row["patient"])
    for (structure, metric, reason), patients in by_reason.items():
        what = f"{metric} of {structure}" if structure else "every patient"
        more = f" and {len(patients) - NAMED} more" if len(patients) > NAMED else ""
        named = f"{', '.join(patients[:NAMED])}{more}"
        action = "Complete the sources, or set agreement.unpaired: leave_out, which lists them in the report."
        yield Fault(f"agreement {comparison}", f"{what} in both sources", f"{named}: {reason}", action, "unpaired")


def _values(source: Source) -> dict[Key, tuple[float, str]]:
    table = source.metrics
    plain = table[(table["weighting"] == "anatomical") & (table["quantity"] == "physical")]
    columns = (plain[name].tolist() for name in ("patient", "structure", "metric", "value", "unit"))
    return {
        (str(patient), structure, metric): (float(value), unit if isinstance(unit, str) else "")
        for patient, structure, metric, value, unit in zip(*columns, strict=True)
    }


def _patient_reasons(patient: str, sources: tuple[Source, Source], known: list[set[str]]) -> Iterator[str]:
    for source, there in zip(sources, known, strict=True):
        if patient in source.unusable:
            yield f"cannot be used in {source.name}: {source.unusable[patient]}"
        elif patient not in there:
            yield f"not in {source.name}"


def _pairs(
    patients: Sequence[str],
    structure: str,
    metric: str,
    values: list[dict[Key, tuple[float, str]]],
    sources: tuple[Source, Source],
) -> Iterator[dict[str, Any]]:
    """Give the pairs of one metric; a patient whose structure is in neither source has none and is not missed."""
    for patient in patients:
        key = (patient, structure, metric)
        a, b = (one.get(key) for one in values)
        if a is None and b is None:
            continue
        absent = [
            source.name
            for source, value in zip(sources, (a, b), strict=True)
            if value is None or not np.isfinite(value[0])
        ]
        identity = {"patient": patient, "structure": structure, "metric": metric}
        if a is None or b is None or absent:
            yield {**identity, "reason": f"no value in {' and '.join(absent)}"}
        else:
            yield {**identity, "unit": a[1], "unit_second": b[1], "first": a[0], "second": b[0]}


def _metric_faults(
    found: Sequence[Mapping[str, Any]],
    structure: str,
    metric: str,
    sources: tuple[Source, Source],
    limit: LimitSettings,
) -> Iterator[Fault]:
    who = f"agreement of {sources[0].name} and {sources[1].name}: {structure}, {metric}"
    pairs = [row for row in found if "reason" not in row]
    if not pairs:
        where = f" of {', '.join(limit.groups)}" if limit.groups else ""
        reason = "; ".join(dict.fromkeys(row["reason"] for row in found)) or "neither source has it"
        action = f"Compare structures that both sources have, or take {structure} out of agreement.limits."
        yield Fault(who, f"patients{where} with values in both sources", reason, action, "agreement-structure")
        return
    units = dict.fromkeys((row["unit"], row["unit_second"]) for row in pairs if row["unit"] != row["unit_second"])
    if units:
        named = ", ".join(f"{a or 'none'} and {b or 'none'}" for a, b in units)
        yield Fault(who, "one unit", named, "Bring both sources to the same unit.", "agreement-unit")
        return
    ratios = [row["second"] / row["first"] for row in pairs if row["first"] > 0 and row["second"] > 0]
    middle = float(np.median(ratios)) if ratios else 1.0
    if max(middle, 1.0 / middle) > HUNDREDFOLD[0] and max(middle, 1.0 / middle) < HUNDREDFOLD[1]:
        expected, text = "doses in Gy in both sources", f"values that differ {middle:.3g} times in {_count(ratios)}"
        yield Fault(who, expected, text, "One of them is in cGy: declare or convert its unit.", "agreement-unit")


def _count(values: Sequence[float]) -> str:
    return f"the median of {count_of(len(values), 'pair')}"
