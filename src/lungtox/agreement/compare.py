"""Two sources of dose compared metric by metric: the tables of results/agreement."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lungtox.agreement.bland_altman import BlandAltman, Scale, bland_altman, percent_differences, verdict_of
from lungtox.agreement.cases import Case, unknown_groups
from lungtox.agreement.concordance import concordance
from lungtox.agreement.config import AgreementSettings, LimitSettings
from lungtox.agreement.dispersion import compare_dispersion
from lungtox.agreement.paired import paired_t
from lungtox.agreement.pairing import Source, pair_metrics, unpaired_faults
from lungtox.agreement.schemas import DISPERSION, METRICS, PAIRS, POINTS, UNPAIRED
from lungtox.errors import Fault, InputError, ParameterError, count_of
from lungtox.models import benjamini_hochberg, signed_rank
from lungtox.table_schemas import typed

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
FEWEST_DISPERSION = 4


@dataclass(frozen=True, eq=False)
class AgreementTables:
    """Tables of results/agreement (docs/file-contracts.md).

    Attributes
    ----------
    metrics : pandas.DataFrame
        One row per comparison, group, structure and metric.
    pairs : pandas.DataFrame
        One row per pair.
    points : pandas.DataFrame
        Pairs inside their limits, over all metrics of a comparison and group.
    dispersion : pandas.DataFrame
        Metrics compared in scatter.
    unpaired : pandas.DataFrame
        What was left out, and why.
    """

    metrics: pd.DataFrame
    pairs: pd.DataFrame
    points: pd.DataFrame
    dispersion: pd.DataFrame
    unpaired: pd.DataFrame


def compare_sources(
    sources: Mapping[str, Source], settings: AgreementSettings, *, cases: Mapping[str, Case]
) -> AgreementTables:
    """Compare the metrics of the declared pairs of sources.

    Parameters
    ----------
    sources : mapping of str to Source
        By the names of `settings`.
    settings : AgreementSettings
    cases : mapping of str to Case
        Person and group of each patient.

    Returns
    -------
    AgreementTables

    Raises
    ------
    InputError
        All at once: patients, structures or metrics without partner (unless they may be left out), units that differ,
        fewer persons than needed, percent of values that are not positive.
    """
    import pandas as pd

    metrics: list[dict[str, Any]] = []
    pairs: list[dict[str, Any]] = []
    dispersion: list[dict[str, Any]] = []
    unpaired: list[dict[str, Any]] = []
    faults = list(unknown_groups(settings.limits, cases))
    for a, b in settings.pairs:
        found = pair_metrics(sources[a], sources[b], settings.limits, cases=cases)
        faults += found.faults
        if settings.unpaired == "stop":
            faults += unpaired_faults(found.unpaired, f"of {sources[a].name} and {sources[b].name}")
        unpaired += [{"first": a, "second": b, **row} for row in found.unpaired]
        rows = pd.DataFrame(found.rows, columns=["patient", "structure", "metric", "unit", "first", "second"])
        rows["group"] = [cases[patient].group for patient in rows["patient"]]
        rows["subject"] = [cases[patient].subject for patient in rows["patient"]]
        for group in dict.fromkeys(case.group for case in cases.values()):
            head = {"first": a, "second": b, "group": group}
            one = _Group(head, rows[rows["group"] == group], settings)
            metrics += one.metrics
            pairs += one.pairs
            dispersion += one.dispersion
            faults += one.faults
    if faults:
        raise InputError(dict.fromkeys(faults))
    return AgreementTables(
        metrics=typed(metrics, METRICS),
        pairs=typed(pairs, PAIRS),
        points=typed(_points(metrics), POINTS),
        dispersion=typed(dispersion, DISPERSION),
        unpaired=typed(unpaired, UNPAIRED),
    )


class _Group:
    """One comparison in one group: its rows, and what stands against them."""

    def __init__(self, head: Mapping[str, str], rows: pd.DataFrame, settings: AgreementSettings) -> None:
        self.head, self.rows, self.settings = dict(head), rows, settings
        self.metrics: list[dict[str, Any]] = []
        self.pairs: list[dict[str, Any]] = []
        self.dispersion: list[dict[str, Any]] = []
        self.faults: list[Fault] = []
        percents: dict[tuple[str, str], dict[str, float]] = {}
        for structure, limits in settings.limits.items():
            for metric, limit in limits.items():
                part = rows[(rows["structure"] == structure) & (rows["metric"] == metric)]
                if len(part):
                    percents[structure, metric] = self._compare(part, limit)
        for structure, pair in settings.dispersion.items():
            self._scatter(structure, pair, percents)
        q = benjamini_hochberg([row["p"] for row in self.metrics])
        for row, value in zip(self.metrics, q, strict=True):
            row["q"] = float(value)

    def _compare(self, part: pd.DataFrame, limit: LimitSettings) -> dict[str, float]:
        """Add the rows of one metric; give the percent difference of each person."""
        first, second = (part[name].to_numpy(dtype=np.float64) for name in ("first", "second"))
        subject = part["subject"].to_numpy()
        structure, metric = str(part["structure"].iloc[0]), str(part["metric"].iloc[0])
        who = (
            f"agreement of {self.head['first']} and {self.head['second']}, {self.head['group']}: {structure}, {metric}"
        )
        persons = len(set(subject))
        if persons < self.settings.min_pairs:
            action = "Add patients, or take the metric out of agreement.limits (limits.groups names groups)."
            needed = f"{count_of(self.settings.min_pairs, 'person')} or more"
            self.faults.append(Fault(who, needed, count_of(persons, "person"), action, "agreement-pairs"))
            return {}
        try:
            found = bland_altman(
                first, second, subject=subject, scale=_scale_of(limit), percent_of=self.settings.percent_of,
                interval=self.settings.interval,
            )  # fmt: skip
        except ParameterError as error:
            action = "Give an absolute limit for this metric."
            self.faults.append(
                Fault(who, "values that percent differences have", str(error), action, "agreement-percent")
            )
            return {}
        percent = _percent(first, second, self.settings)
        inside = _inside(found)
        self.pairs += [
            {**self.head, **row, "difference": row["second_value"] - row["first_value"], "percent": p, "inside": ok}
            for row, p, ok in zip(_pair_rows(part), percent, inside, strict=True)
        ]
        self.metrics.append({**self.head, **_row(part, found, limit, percent, test=self.settings.test)})
        return _by_person(subject, percent)

    def _scatter(
        self, structure: str, pair: Sequence[str], percents: Mapping[tuple[str, str], Mapping[str, float]]
    ) -> None:
        a, b = (percents.get((structure, metric), {}) for metric in pair)
        both = [person for person in a if person in b and math.isfinite(a[person]) and math.isfinite(b[person])]
        if len(both) < FEWEST_DISPERSION:
            return
        found = compare_dispersion([a[person] for person in both], [b[person] for person in both])
        self.dispersion.append(
            {
                **self.head, "structure": structure, "metric_a": pair[0], "metric_b": pair[1], "n": found.n,
                "sd_a": found.sd_a, "sd_b": found.sd_b, "ratio": found.ratio.value, "low": found.ratio.low,
                "high": found.ratio.high, "p": found.p,
            }
        )  # fmt: skip


def _row(
    part: pd.DataFrame, found: BlandAltman, limit: LimitSettings, percent: FloatArray, *, test: str
) -> dict[str, Any]:
    """Give the row of one metric; tests and concordance are of one value for each person."""
    subject = part["subject"].to_numpy()
    first, second = (
        np.array(list(_by_person(subject, part[name].to_numpy(dtype=np.float64)).values()))
        for name in ("first", "second")
    )
    clinical = limit.percent or limit.absolute or 0.0
    ranks, student, ccc = signed_rank(second - first), paired_t(second - first), concordance(first, second)
    return {
        "structure": part["structure"].iloc[0],
        "metric": part["metric"].iloc[0],
        "unit": part["unit"].iloc[0],
        "n": found.n,
        "subjects": found.subjects,
        "mean_first": float(first.mean()),
        "mean_second": float(second.mean()),
        "scale": found.scale,
        **_ends("bias", found.bias),
        "sd": found.sd,
        "between_sd": found.between_sd,
        "within_sd": found.within_sd,
        **_ends("lower", found.lower),
        **_ends("upper", found.upper),
        "inside": found.inside,
        "inside_pct": 100.0 * found.inside / found.n,
        "limit": clinical,
        "verdict": verdict_of(found, clinical),
        **_ends("slope", found.slope),
        "slope_p": found.slope_p,
        "percent": float(percent.mean()),
        "percent_sd": float(percent.std(ddof=1)),
        **_ends("ccc", ccc.ccc),
        **_ends("difference", student.mean),
        "t": student.t,
        "df": student.n - 1,
        "p_t": student.p,
        "shift": ranks.shift,
        "shift_low": ranks.low,
        "shift_high": ranks.high,
        "p_wilcoxon": ranks.p,
        "wilcoxon": ranks.name,
        "test": test,
        "p": student.p if test == "t" else ranks.p,
    }


def _scale_of(limit: LimitSettings) -> Scale:
    """Give the scale on which a limit is stated."""
    return "percent" if limit.absolute is None else "difference"


def _ends(name: str, estimate: Any) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _pair_rows(part: pd.DataFrame) -> list[dict[str, Any]]:
    renamed = part.rename(columns={"first": "first_value", "second": "second_value"})
    return [{str(key): value for key, value in row.items()} for row in renamed.to_dict("records")]


def _inside(found: BlandAltman) -> NDArray[np.bool_]:
    low, high = found.lower.value, found.upper.value
    slack = 1e-12 * max(abs(low), abs(high))
    return (found.differences >= low - slack) & (found.differences <= high + slack)


def _percent(first: FloatArray, second: FloatArray, settings: AgreementSettings) -> FloatArray:
    """Give the percent differences; NaN for all where one has none."""
    try:
        return percent_differences(first, second, of=settings.percent_of)
    except ParameterError:
        return np.full(first.shape, np.nan)


def _by_person(subject: NDArray[Any], values: FloatArray) -> dict[str, float]:
    """Give the mean of each person, in the order of their first rows."""
    return {str(person): float(values[subject == person].mean()) for person in dict.fromkeys(subject.tolist())}


def _points(metrics: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Count the pairs inside their limits over all metrics of a comparison and group."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in metrics:
        key = (row["first"], row["second"], row["group"])
        head = {"first": key[0], "second": key[1], "group": key[2], "metrics": 0, "points": 0, "inside": 0}
        one = found.setdefault(key, head)
        one["metrics"] += 1
        one["points"] += row["n"]
        one["inside"] += row["inside"]
    return [{**one, "inside_pct": 100.0 * one["inside"] / one["points"]} for one in found.values()]
