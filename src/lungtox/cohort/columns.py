"""Every column of the analysis table in one place: label, unit, kind and levels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lungtox.cohort.config import EndpointSettings, MetricSource

Kind = Literal["id", "outcome", "binary", "categorical", "continuous", "date"]


@dataclass(frozen=True)
class Column:
    """What the data dictionary says of a column.

    Attributes
    ----------
    name, label, unit : str
        The label has no unit; the unit is empty where there is none.
    kind : str
    levels : tuple of str
        Allowed codes; the first is the reference.
    source : str
        File or config key that the values come from.
    """

    name: str
    label: str
    unit: str = ""
    kind: Kind = "continuous"
    levels: tuple[str, ...] = ()
    source: str = "clinical.csv"


@dataclass(frozen=True)
class NumberRange:
    """Values that a numeric clinical column can have at all; beyond them a typing slip or a wrong unit."""

    low: float
    high: float
    whole: bool = False


CLINICAL_COLUMNS = (
    Column("age_y", "Age", "years"),
    Column("sex", "Sex", kind="binary", levels=("F", "M")),
    Column("smoking", "Smoking", kind="categorical", levels=("never", "former", "current", "unknown")),
    Column("histology", "Histology", kind="categorical", levels=("adenocarcinoma", "squamous", "small_cell", "other")),
    Column("stage", "Stage", kind="categorical", levels=("I", "II", "III", "IV")),
    Column("tumour_site", "Tumour site", kind="categorical", levels=("upper", "middle", "lower")),
    Column("lung_disease", "Lung disease", kind="binary", levels=("no", "yes")),
    Column("fev1_pct", "FEV1", "% of predicted"),
    Column("chemotherapy", "Chemotherapy", kind="categorical", levels=("none", "sequential", "concurrent")),
    Column("rt_start_date", "Start of RT", kind="date"),
    Column("rt_end_date", "End of RT", kind="date"),
    Column("rp_date", "Date of RP", kind="date"),
    Column("last_follow_up_date", "Last follow-up", kind="date"),
    Column("death_date", "Death", kind="date"),
)
CLINICAL_RANGES = {"age_y": NumberRange(0, 120), "fev1_pct": NumberRange(5, 200), "rp_grade": NumberRange(0, 5, True)}
REQUIRED_CLINICAL = (
    "patient",
    "rt_start_date",
    "rt_end_date",
    "rp_grade",
    "rp_date",
    "last_follow_up_date",
    "death_date",
)
PLAN_COLUMNS = (
    Column("technique", "Technique", kind="categorical", levels=("3D-CRT", "IMRT", "VMAT"), source="RT plan"),
    Column("treatment_beams", "Treatment beams", source="RT plan"),
    Column("fractions", "Fractions", source="RT plan"),
    Column("prescription_gy", "Prescribed dose", "Gy", source="RT plan"),
)
INTEGER_COLUMNS = frozenset({"rp", "rp_grade", "treatment_beams", "fractions"})
STATUS_LEVELS = ("no", "yes", "competing", "censored")
CYTOKINE_LABELS = {"tgfb1": "TGF-β1", "tnfa": "TNF-α", "il6": "IL-6", "ace": "ACE"}
CYTOKINE_UNITS = {"tgfb1": "pg/mL", "tnfa": "pg/mL", "il6": "pg/mL", "ace": "U/L"}
TIMEPOINT_LABELS = {"pre": "before RT", "during": "at 40-50 Gy"}

LIMIT_FLAGS = ("_below", "_above")
"""Ends of the columns that say whether a value lies beyond a limit of its assay."""

_ORGAN_WORDS = {"Heart": "heart", "Esophagus": "esophagus", "SpinalCord": "cord"}
_METRIC = re.compile(
    r"^(?:(?P<volume>C?V[\d.]+)Gy|(?P<dose>D[\d.]+(?:%|cc))|(?P<word>Mean|Max|Min)|gEUD\((?P<a>[\d.]+)\)"
    r"|(?P<size>Volume)|Perfusion\((?P<part>[a-z ]+)\))(?:\[(?P<unit>%|cc|Gy)(?P<whole>region|structure|total)?\])?$"
)


def endpoint_columns(endpoint: EndpointSettings) -> tuple[Column, ...]:
    """Give the outcome columns, labelled with the endpoint's definition."""
    start = {"rt_start": "start", "rt_end": "end"}[endpoint.start]
    definition = (
        f"{endpoint.scale} grade ≥ {endpoint.grade} within {endpoint.window_months} months of the {start} of RT"
    )
    return (
        Column("patient", "Patient", kind="id", source="patients.csv"),
        Column("rp", f"RP ({definition})", kind="outcome", levels=("0", "1"), source="endpoint"),
        Column("rp_status", "RP status", kind="outcome", levels=STATUS_LEVELS, source="endpoint"),
        Column("time_months", f"Time from the {start} of RT", "months", kind="outcome", source="endpoint"),
        Column("rp_grade", f"RP grade ({endpoint.scale})", kind="outcome", levels=tuple("012345")),
    )


def metric_columns(metrics: Mapping[str, MetricSource]) -> tuple[Column, ...]:
    """Give the dose columns of `cohort.metrics`; labels that would be alike get structure and weighting added."""
    plain = {name: metric_label(source) for name, source in metrics.items()}
    count = Counter(plain.values())
    columns = []
    for name, source in metrics.items():
        label = plain[name]
        if count[label] > 1:
            label = f"{label} ({source.structure}, {source.weighting.removeprefix('functional:')})"
        where = f"{source.structure}, {source.weighting}, {source.quantity}, {source.metric}"
        where += ", delivered" if source.dose == "delivered" else ""
        columns.append(Column(name, label, metric_unit(source.metric), source=where))
    return tuple(columns)


def metric_label(source: MetricSource) -> str:
    """Give the name of a metric as a paper prints it: V20, MLD, Functional V20, MPWLD, Mean heart dose.

    Parameters
    ----------
    source : MetricSource
        A metric name that is not recognised is printed as it stands, without its unit.
    """
    lung = source.structure.startswith("Lung")
    organ = _ORGAN_WORDS.get(source.structure, source.structure)
    label, with_organ = _plain_label(source.metric, lung=lung, organ=organ)
    if source.weighting == "perfusion":
        label = "MPWLD" if label == "MLD" else _perfusion_label(label)
    elif source.weighting.startswith("functional:"):
        label = f"Functional {label}"
    elif source.weighting.startswith("nonfunctional:"):
        label = f"Non-functional {label}"
    if not lung and not with_organ:
        label = f"{organ[0].upper()}{organ[1:]} {label}"
    label = f"Delivered {label}" if source.dose == "delivered" else label
    return f"{label} (EQD2)" if source.quantity == "eqd2" else label


def _perfusion_label(label: str) -> str:
    return label if label.startswith("Perfusion") else f"Perfusion-weighted {label}"


def _plain_label(metric: str, *, lung: bool, organ: str) -> tuple[str, bool]:
    """Give the label of an anatomical metric, and whether it names the organ."""
    match = _METRIC.match(metric)
    if match is None:
        return metric.partition("[")[0], False
    if match["word"] == "Mean" and lung:
        return "MLD", True
    if match["word"]:
        word = {"Mean": "Mean", "Max": "Maximum", "Min": "Minimum"}[match["word"]]
        return f"{word} {'lung' if lung else organ} dose", True
    if match["a"]:
        return f"gEUD (a = {match['a']})", False
    if match["part"]:
        return f"Perfusion, {match['part']}", True
    label = "volume" if match["size"] else str(match["volume"] or match["dose"])
    whole = {"structure": " of the lung" if lung else f" of {organ}", "total": " of the total lung"}
    return f"{label}{whole.get(match['whole'] or '', '')}", False


def metric_unit(metric: str) -> str:
    """Give the unit of a TG-263 metric name; without one, volumes are in % and doses in Gy."""
    match = _METRIC.match(metric)
    if match is None:
        return metric.partition("[")[2].rstrip("]")
    return match["unit"] or ("%" if match["volume"] or match["part"] else "cc" if match["size"] else "Gy")


def cytokine_columns(cytokines: Sequence[str], *, above: Collection[str] = ()) -> tuple[Column, ...]:
    """Give the columns of each cytokine: before, during, their ratio, and whether a value lies beyond a limit.

    Parameters
    ----------
    cytokines : sequence of str
    above : collection of str
        Those of which a value lies above the upper limit; only they have flags for it.
    """
    columns = []
    for name in cytokines:
        label, unit = CYTOKINE_LABELS[name], CYTOKINE_UNITS[name]
        for time, words in TIMEPOINT_LABELS.items():
            columns.append(Column(f"{name}_{time}", f"{label} {words}", unit, source="cytokines.csv"))
        columns.append(Column(f"{name}_ratio", f"{label} ratio", source="cytokines.csv"))
        limits = {"below": "below the detection limit", "above": "above the upper limit"}
        for side, limit in limits.items():
            for time, words in TIMEPOINT_LABELS.items() if side == "below" or name in above else ():
                flag = Column(
                    f"{name}_{time}_{side}",
                    f"{label} {words} {limit}",
                    kind="binary",
                    levels=("False", "True"),
                    source="cytokines.csv",
                )
                columns.append(flag)
    return tuple(columns)
