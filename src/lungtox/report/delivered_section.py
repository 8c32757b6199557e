"""Section on planned against delivered dose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lungtox.figures import LEVEL, format_interval, format_number, format_p, metric_words
from lungtox.report.blocks import Block, Bullets, Cell, Notes, Section, Text, make_table
from lungtox.report.pictures import picture
from lungtox.report.results import Results, records
from lungtox.report.wording import (
    count_cell,
    count_of,
    interval_cell,
    join_words,
    number_cell,
    optional,
    p_cell,
    share,
    text_of,
    with_interval,
)

TITLE = "Planned and delivered dose"
SMALLEST_CHANGE_PCT = 1.0
ABOUT = (
    "The dose of each session is looked up where the deformation field says that the tissue of a planning point lay, "
    "and added with the fractions for which the session stands. Differences are planned minus delivered; p values are "
    "of paired tests over the patients."
)
LIMITS = (
    "A session stands for the fractions until the next one; what happened between images is not in it.",
    "The fields decide. Folding, Jacobian and coverage tell fields that cannot be right; they cannot tell whether a "
    "field is right. Where tissue is lost or grows, no field says where its dose went.",
    "Planned dose is interpolated once, delivered dose twice: edges become softer, and metrics at a steep edge, such "
    "as the volume within the prescription, fall a little even where nothing moves.",
)
PAIRED_CAPTION = (
    "Planned against delivered dose: means (SD) over the patients, mean difference with 95 % interval, the same in % "
    "of the planned mean, number of patients with more planned than delivered; Wilcoxon signed-rank and paired t test; "
    "q: the test of the config, Benjamini-Hochberg over these metrics."
)
PAIRED_HEADS = (
    *("Metric", "n", "Planned", "Delivered", "Planned \N{MINUS SIGN} delivered (95 % CI)", "%", "More planned"),
    *("p, Wilcoxon", "p, t", "q"),
)
RISK_CAPTION = (
    "Risk by published models with the planned and the delivered DVH of each patient, patient factors at their "
    "reference: mean over the patients, in %."
)
PATIENTS_CAPTION = "The same for each patient: dose summary of the model, and risk in %."
RISK_HEADS = ("Study ID", "Model", "Dose planned [Gy]", "Dose delivered [Gy]", "NTCP planned", "NTCP delivered", "Note")
TREND_CAPTION = (
    "Volumes over the course. Ratio: volume at the last session in parts of that at planning, and the same as change "
    "in % (a ratio of 0.88 is a change of \N{MINUS SIGN}12 %), with p of the config's test and q (Benjamini-Hochberg "
    "over the rows); slope: mean of the patients' least-squares slopes over the sessions, in % of the planned volume "
    "for each fraction."
)
QUALITY_CAPTION = (
    "Quality of the fields, over the sessions of each patient: smallest and largest Jacobian determinant, largest "
    "folding share, largest displacement and smallest coverage in any structure."
)
SOURCES = {"jacobian": "fields", "contours": "contours of the sessions"}
KINDS = {"field": "fields", "none": "dose on the planning anatomy", "registered": "registered by lungtox"}


def delivered_section(results: Results) -> Section:
    """Give the section."""
    tables = results.delivered
    blocks: list[Block] = [Text(ABOUT), *_left_out(tables)]
    paired = tables.get("paired")
    if paired is None:
        return Section("delivered", TITLE, (*blocks, Text("No dose was accumulated.")))
    blocks += [Bullets(tuple(delivered_findings(results))), picture(results.folder, "delivered")]
    metrics = [row for row in records(paired) if not _is_risk(row)]
    blocks.append(make_table("delivered-paired", PAIRED_CAPTION, PAIRED_HEADS, [_paired_row(row) for row in metrics]))
    blocks += [*_risks(results), *_trends(tables), *_quality(tables), *_warnings(results)]
    blocks.append(Notes("What these doses do not show", LIMITS))
    return Section("delivered", TITLE, tuple(blocks))


def delivered_findings(results: Results) -> Iterator[str]:
    """Give the findings for the summary."""
    paired = results.delivered.get("paired")
    if paired is None:
        return
    rows = records(paired)
    yield from _registered(results)
    metrics = [row for row in rows if not _is_risk(row) and optional(row["p"]) is not None]
    sure = [row for row in metrics if row["q"] < LEVEL]
    yield from (f"{_sentence(row)}." for row in sure)
    rest = [f"{_name(row)} ({format_p(optional(row['q']), name='q')})" for row in metrics if row not in sure]
    if rest:
        yield (
            f"Not told apart by the paired test adjusted over the metrics (q of {LEVEL:g} or more), which is no proof "
            f"of being equal: {join_words(rest)}."
        )
    for row in rows:
        if _is_risk(row) and optional(row["difference"]) is not None:
            ends = format_interval(100.0 * row["low"], 100.0 * row["high"])
            yield (
                f"{row['metric']} with planned dose {format_number(100.0 * row['mean_planned'])} %, with delivered "
                f"dose {format_number(100.0 * row['mean_delivered'])} % (mean; difference "
                f"{format_number(100.0 * row['difference'])} points, 95 % CI {ends})."
            )
    yield from _shrinking(results)
    smallest = max((float(row["smallest_p"]) for row in metrics), default=0.0)
    if smallest > LEVEL / 10.0:
        n = min(int(row["n"]) for row in metrics)
        yield f"With {count_of(n, 'patient')} the exact Wilcoxon test cannot give less than p = {smallest:.4f}."


def delivered_methods(settings: Mapping[str, Any] | None) -> Iterator[str]:
    """Give the methods."""
    if not settings:
        return
    held = {"plan": "the whole plan", "fraction": "one fraction", "session": "the fractions of the session"}
    test = {"wilcoxon": "Wilcoxon signed-rank", "t": "paired t"}[
        (settings.get("compare") or {}).get("test", "wilcoxon")
    ]
    yield (
        "Delivered dose: D(x) = sum over the sessions of w D(x + u(x)), u the vector from a planning point to the "
        f"session, w the fractions for which it stands; a session's dose file holds {held[settings['dose_of']]}. EQD2 "
        "is made per session and voxel before doses are added. A field is refused with folding in more than "
        f"{settings['max_folding_pct']:g} % of a structure, displacements above {settings['max_displacement_mm']:g} "
        f"mm, or coverage below {settings['minimum_coverage_pct']:g} %. The {test} test, adjusted over the metrics."
    )


def delivered_limitations(results: Results) -> Iterator[str]:
    """Give what stands with the limitations of an analysis with an outcome."""
    if results.delivered.get("paired") is not None:
        yield f"Delivered dose: {LIMITS[1]}"


def _is_risk(row: Mapping[str, Any]) -> bool:
    return text_of(row["metric"]).startswith("NTCP(")


def _name(row: Mapping[str, Any]) -> str:
    quantity = " EQD2" if row["quantity"] == "eqd2" else ""
    return f"{text_of(row['structure'])} {metric_words(row['metric'])}{quantity}"


def _sentence(row: Mapping[str, Any]) -> str:
    unit = text_of(row["unit"])
    size = f"{format_number(abs(row['difference']))} {'points' if unit == '%' else unit}".strip()
    low, high = sorted(abs(row[name]) for name in ("low", "high")) if row["low"] * row["high"] > 0 else (None, None)
    ends = f", 95 % CI {format_interval(low, high)}" if low is not None else ""
    less = "less" if row["difference"] > 0 else "more"
    same = int(row["positive" if row["difference"] > 0 else "negative"])
    return (
        f"{_name(row)}: delivered {format_number(row['mean_delivered'])} for planned "
        f"{format_number(row['mean_planned'])} {unit}, {size} {less} (mean{ends}; so in "
        f"{share(same, int(row['n']))}; {format_p(row['p'])}, {format_p(optional(row['q']), name='q')})"
    )


def _shrinking(results: Results) -> Iterator[str]:
    """Say which volumes changed by the last session, and which were not shown to."""
    trend = results.delivered.get("trend")
    rows = [row for row in (records(trend) if trend is not None else ()) if optional(row["q"]) is not None]
    for row in rows:
        if row["q"] < LEVEL and abs(row["percent_change"]) >= SMALLEST_CHANGE_PCT:
            yield (
                f"{row['structure']}: {with_interval(row['ratio'], row['ratio_low'], row['ratio_high'], decimals=3)} "
                f"of its planned volume at the last session (change {format_number(row['percent_change'], decimals=1)} "
                f"%, SD over the patients {format_number(100.0 * row['ratio_sd'], decimals=1)} points; "
                f"{format_p(optional(row['q']), name='q')}; from {SOURCES[row['source']]})."
            )
    rest = [
        f"{row['structure']} from {SOURCES[row['source']]} (ratio {format_number(row['ratio'], decimals=3)}, "
        f"{format_p(optional(row['q']), name='q')})"
        for row in rows
        if not row["q"] < LEVEL
    ]
    if rest:
        yield (
            f"Volumes at the last session not shown to differ from planning (q of {LEVEL:g} or more): "
            f"{join_words(rest)}."
        )


def _registered(results: Results) -> Iterator[str]:
    quality = results.delivered.get("quality")
    if quality is None:
        return
    own = quality.loc[quality["kind"] == "registered", "patient"].nunique()
    if own:
        yield (
            f"For {count_of(own, 'patient')} no deformation field was given: lungtox registered the images itself, and "
            "nobody has checked these fields."
        )


def _left_out(tables: Mapping[str, Any]) -> Iterator[Block]:
    table = tables.get("left_out")
    if table is not None:
        rows = [(text_of(row["patient"]), text_of(row["reason"])) for row in records(table)]
        yield make_table("delivered-left-out", "Not in this section.", ("Study ID", "Why"), rows)


def _spread(row: Mapping[str, Any], name: str) -> Cell:
    return Cell(f"{format_number(row[f'mean_{name}'])} ({format_number(row[f'sd_{name}'])})", row[f"mean_{name}"])


def _paired_row(row: Mapping[str, Any]) -> tuple[str | Cell, ...]:
    return (
        f"{_name(row)} [{text_of(row['unit']) or '1'}]",
        count_cell(row["n"]),
        _spread(row, "planned"),
        _spread(row, "delivered"),
        interval_cell(row["difference"], row["low"], row["high"]),
        number_cell(row["percent"], decimals=1),
        count_cell(row["positive"]),
        p_cell(row["p_wilcoxon"]),
        p_cell(row["p_t"]),
        p_cell(row["q"]),
    )


def _risks(results: Results) -> Iterator[Block]:
    paired, ntcp = results.delivered.get("paired"), results.delivered.get("ntcp")
    if paired is None or ntcp is None:
        return
    rows = [
        (
            text_of(row["metric"]), text_of(row["structure"]), count_cell(row["n"]),
            number_cell(100.0 * row["mean_planned"]), number_cell(100.0 * row["mean_delivered"]),
            interval_cell(100.0 * row["difference"], 100.0 * row["low"], 100.0 * row["high"]),
            p_cell(row["p_wilcoxon"]), p_cell(row["p_t"]),
        )
        for row in records(paired)
        if _is_risk(row)
    ]  # fmt: skip
    heads = ("Model", "Structure", "n", "Planned", "Delivered", "Planned \N{MINUS SIGN} delivered (95 % CI)",
             "p, Wilcoxon", "p, t")  # fmt: skip
    yield make_table("delivered-ntcp", RISK_CAPTION, heads, rows)
    each = [
        (
            text_of(row["patient"]), text_of(row["model"]), number_cell(row["planned_dose_gy"]),
            number_cell(row["delivered_dose_gy"]), number_cell(100.0 * row["planned"]),
            number_cell(100.0 * row["delivered"]), text_of(row["note"]),
        )
        for row in records(ntcp)
    ]  # fmt: skip
    yield make_table("delivered-ntcp-patients", PATIENTS_CAPTION, RISK_HEADS, each)


def _trends(tables: Mapping[str, Any]) -> Iterator[Block]:
    trend = tables.get("trend")
    if trend is None:
        return
    rows = [
        (
            text_of(row["structure"]), SOURCES[row["source"]], count_cell(row["patients"]),
            interval_cell(row["ratio"], row["ratio_low"], row["ratio_high"], decimals=3),
            number_cell(row["ratio_sd"], decimals=3), number_cell(row["percent_change"], decimals=1),
            count_cell(row["shrinking"]), p_cell(row["p"]), p_cell(row["q"]),
            interval_cell(row["slope"], row["slope_low"], row["slope_high"]), p_cell(row["slope_p"]),
        )
        for row in records(trend)
    ]  # fmt: skip
    heads = ("Structure", "From", "n", "Ratio (95 % CI)", "SD", "Change [%]", "Smaller in", "p", "q",
             "Slope (95 % CI)", "p of the slope")  # fmt: skip
    yield make_table("delivered-volumes", TREND_CAPTION, heads, rows)


def _quality(tables: Mapping[str, Any]) -> Iterator[Block]:
    fields = tables.get("fields")
    if fields is None:
        return
    rows = [
        (
            text_of(row["patient"]), count_cell(row["sessions"]),
            join_words([KINDS[kind] for kind in text_of(row["kinds"]).split(";")]),
            number_cell(row["jacobian_minimum"], decimals=3), number_cell(row["jacobian_maximum"], decimals=3),
            number_cell(row["folding_pct"], decimals=3), number_cell(row["max_displacement_mm"], decimals=1),
            number_cell(row["coverage_pct"], decimals=2),
        )
        for row in records(fields)
    ]  # fmt: skip
    heads = ("Study ID", "Sessions", "From", "Jacobian, smallest", "Largest", "Folding [%]", "Displacement [mm]",
             "Coverage [%]")  # fmt: skip
    yield make_table("delivered-quality", QUALITY_CAPTION, heads, rows)


def _warnings(results: Results) -> Iterator[Block]:
    texts = [f"{entry['patient']}: {text}" for entry in results.delivered_qa for text in entry.get("warnings") or ()]
    if texts:
        yield Notes("Warnings of the accumulation", tuple(dict.fromkeys(texts)))
