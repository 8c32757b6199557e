"""Section on what the choices of the functional analysis do to its results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lungtox.figures import LEVEL, format_number, format_p
from lungtox.report.blocks import Block, Cell, Section, Text, make_table
from lungtox.report.pictures import picture
from lungtox.report.results import Results, records
from lungtox.report.wording import (
    count_of,
    interval_cell,
    number_cell,
    optional,
    p_cell,
    share,
    text_of,
    with_interval,
)

TITLE = "Functional lung: what the choices do"
CAPTION = (
    "Each row changes one thing against the region and the image of the analysis (first row). fV20, fMLD: mean of the "
    "patients; changes of fV20 (points), fMLD and MPWLD (Gy): median, 5th to 95th percentile of the patients. AUC of "
    "fV20 minus AUC of V20 with 95 % CI, paired DeLong, on the patients with both and a known outcome; p not adjusted. "
    "MPWLD knows no threshold."
)
COLUMNS = (
    "Setting", "fV20 [%]", "Change of fV20", "fMLD [Gy]", "Change of fMLD", "Change of MPWLD", "n", "AUC fV20",
    "AUC difference", "p",
)  # fmt: skip


def function_section(results: Results) -> Section:
    """Give the section on the functional sensitivity."""
    if not (results.config.get("function") or {}).get("sweep"):
        return Section("function", TITLE, (Text("The sensitivity sweep is not part of this analysis."),))
    blocks: list[Block] = [Text(text) for text in _image_quality(results)]
    table = results.function_sweep
    if table is None:
        blocks.append(Text("No patient has a usable function image: there is nothing to vary."))
        return Section("function", TITLE, tuple(blocks))
    blocks.append(Text(_finding(records(table))))
    blocks.append(picture(results.folder, "function_sweep"))
    blocks.append(make_table("function-sweep", CAPTION, COLUMNS, [_row(row) for row in records(table)], sortable=False))
    failed = sorted({text_of(row["finding"]) for row in records(table)} - {""})
    blocks += [Text(f"Comparison not made: {text}") for text in failed]
    return Section("function", TITLE, tuple(blocks))


def _image_quality(results: Results) -> Iterator[str]:
    """Say what hot spots and the lung's edge do to the images."""
    images = (
        {} if results.function_images is None else {row["measure"]: row for row in records(results.function_images)}
    )
    volume, counts = (images.get(f"edge_{name}", {}).get("median") for name in ("volume_pct", "perfusion_pct"))
    if optional(volume) is not None:
        yield (
            f"The outer 10 mm of the lung hold {volume:.0f} % of its volume and {counts:.0f} % of its counts (medians):"
            " the resolution of the camera takes function away at the edge. Nothing corrects for it, so functional "
            "regions lie too far inside."
        )
    spots = images.get("hot_spot", {"n": 0})
    if spots["n"]:
        clip = (results.config.get("function") or {}).get("clip")
        treated = f"values above the {clip:g}th percentile are clipped" if clip else "values are not clipped"
        yield (
            f"Hot spots: the maximum within the structure is {format_number(spots['median'])} times the 99th percentile"
            f" (median; largest {format_number(spots['largest'])}); {share(int(spots['flagged']), int(spots['n']))} "
            f"are flagged; {treated}. Airways and mediastinum lie outside of the structure and do not count."
        )


def _finding(rows: list[dict[str, Any]]) -> str:
    compared = [row for row in rows if optional(row["difference"]) is not None]
    base = next(row for row in rows if row["is_base"])
    if not compared:
        return f"Region of the analysis: {text_of(base['region'])}. fV20 could not be compared with V20."
    differences = [float(row["difference"]) for row in compared]
    small = sum(float(row["p"]) < LEVEL for row in compared)
    own = optional(base["difference"])
    first = (
        ""
        if own is None
        else "its AUC of fV20 minus that of V20 is "
        f"{with_interval(own, optional(base['low']), optional(base['high']))}, {format_p(optional(base['p']))}. "
    )
    return (
        f"Region of the analysis: {text_of(base['region'])}; {first}Over {count_of(len(compared), 'setting')} the "
        f"difference runs from {format_number(min(differences))} to {format_number(max(differences))}, with p < {LEVEL}"
        f" in {small or 'none'}. A comparison whose sign or meaning depends on the setting is no finding; the p values "
        "are not adjusted and serve to see how far they move, not to pick a setting."
    )


def _row(row: dict[str, Any]) -> tuple[str | Cell, ...]:
    return (
        setting_label(row),
        number_cell(row["fv20_pct_mean"], decimals=1),
        _change(row, "fv20_pct", 1),
        number_cell(row["fmld_gy_mean"], decimals=1),
        _change(row, "fmld_gy", 2),
        _change(row, "mpwld_gy", 2),
        Cell(f"{row['n']:.0f}", float(row["n"])),
        number_cell(row["auc_fv20"]),
        interval_cell(row["difference"], row["low"], row["high"]),
        p_cell(row["p"]),
    )


def _change(row: dict[str, Any], name: str, decimals: int) -> Cell | str:
    if row["is_base"]:
        return "\N{EN DASH}"
    return interval_cell(*(row[f"{name}_{part}"] for part in ("change", "low", "high")), decimals=decimals)


def setting_label(row: dict[str, Any]) -> str:
    """Give the words for a setting: `40%max`, `moved 10 mm left`."""
    change = text_of(row["change"])
    if change == "shift":
        return f"moved {row['shift_mm']:g} mm {text_of(row['direction'])}"
    if change == "attenuation":
        return "other attenuation correction"
    return f"{text_of(row['region'])}{' (as analysed)' if row['is_base'] else ''}"
