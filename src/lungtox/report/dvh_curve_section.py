"""Section on the shapes of DVH curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lungtox.figures import format_number
from lungtox.report.blocks import Block, Bullets, Cell, Notes, Section, Text, make_table
from lungtox.report.pictures import picture
from lungtox.report.results import Results, records
from lungtox.report.wording import count_cell, count_of, interval_cell, number_cell, optional, p_cell, text_of

TITLE = "Shapes of DVH curves under motion"
TOWARDS = {
    "left_right": {"positive": "to the left", "negative": "to the right"},
    "anterior_posterior": {"positive": "to the back", "negative": "to the front"},
    "superior_inferior": {"positive": "to the head", "negative": "to the feet"},
}
ABOUT = (
    "The points of a DVH are not independent: RSS, AIC and AICc describe how close a curve comes and test nothing, and "
    "AIC grows with the number of points that are taken. K counts the curve's parameters and the residual variance."
)
COMPARISON_CAPTION = (
    "Models at each position: means over the patients; ahead: number of patients for whom the model is the best of "
    "those with as many parameters (RSS, AIC) and of all (AICc)."
)
TREND_CAPTION = (
    "Change for each mm of distance, in each direction: mean over the patients of their least-squares slopes with 95 % "
    "interval and p (t); falling: patients whose slope is negative. Mean and variance are those of the doses in the "
    "structure."
)
PREDICTION_CAPTION = (
    "Contours moved against the dose shifted on its grid by convolution: two ways to the same DVH. Shifts that are no "
    "whole number of dose planes differ by what interpolation leaves."
)
TREND_HEADS = ("Quantity", "Direction", "n", "Slope per mm (95 % CI)", "p", "Falling")
PREDICTION_HEADS = ("Position", "n", "Largest difference [%]", "Mean difference [%]", "Mean dose [Gy]")
NAMES = {"mean_gy": "mean dose [Gy]", "variance_gy2": "variance [Gy\N{SUPERSCRIPT TWO}]"}


def dvh_curve_section(results: Results) -> Section:
    """Give the section on DVH curves."""
    tables = results.dvh_curves
    comparison = tables.get("comparison")
    if comparison is None:
        return Section("dvh-curves", TITLE, (Text("No curve could be fitted."),))
    blocks: list[Block] = [
        Text(ABOUT), Bullets(tuple(_sentences(results))), picture(results.folder, "dvh_curves"),
        make_table(
            "dvh-curves-comparison", COMPARISON_CAPTION,
            ("Position", "Beyond margin", "Model", "n", "Points", "K", "RSS", "AIC", "AICc", "Ahead by RSS", "by AIC",
             "by AICc of all"),
            [_comparison_row(row) for row in records(comparison)], sortable=False,
        ),
    ]  # fmt: skip
    trend, prediction = tables.get("trend"), tables.get("prediction")
    if trend is not None:
        rows = [_trend_row(row) for row in records(trend)]
        blocks.append(make_table("dvh-curves-trend", TREND_CAPTION, TREND_HEADS, rows))
    if prediction is not None:
        rows = [_prediction_row(row) for row in records(prediction)]
        blocks.append(make_table("dvh-curves-prediction", PREDICTION_CAPTION, PREDICTION_HEADS, rows))
    blocks += _notes(results)
    return Section("dvh-curves", TITLE, tuple(blocks))


def dvh_curve_findings(results: Results) -> Iterator[str]:
    """Give the findings for the summary."""
    comparison = results.dvh_curves.get("comparison")
    if comparison is not None:
        yield from _winners(results)
        yield from _moments(results)


def dvh_curve_methods(settings: Mapping[str, Any] | None) -> Iterator[str]:
    """Give the methods."""
    if not settings:
        return
    breathing = ""
    if settings.get("breathing_mm"):
        pattern = {"sine": "a sine", "lujan": "cos^4 (Lujan)"}[settings["breathing_pattern"]]
        breathing = f"; breathing as the dose convolved along the first axis with {pattern}, without interplay"
    models = ", ".join(settings["models"])
    yield (
        f"DVH curves: {settings['structure']} moved in the dose, contours and dose each on their own, the dose taken "
        f"as not changed by the motion{breathing}. Models ({models}) fitted by least squares to the cumulative DVH at "
        f"every {settings['step_gy']:g} Gy: Gaussian erfc((d - mu)/(sqrt2 sigma))/2, Fermi 1/(1 + exp((d - mu)/k)), "
        "mixture: two Gaussian edges. AIC = N ln(RSS/N) + 2K."
    )


def _position(row: Mapping[str, Any]) -> str:
    if row.get("kind") == "breathing":
        return f"breathing, {row['amount_mm']:g} mm"
    side = "positive" if row["amount_mm"] > 0 else "negative"
    return f"{abs(row['amount_mm']):g} mm {TOWARDS[text_of(row['axis'])][side]}" if row["amount_mm"] else "as planned"


def _sentences(results: Results) -> Iterator[str]:
    yield from _winners(results)
    yield from _moments(results)


def _winners(results: Results) -> Iterator[str]:
    """Say which of the two-parameter models is ahead, position by position, within and beyond the margin."""
    table = results.dvh_curves["comparison"]
    if table is None or not {"gaussian", "fermi"} <= set(table["model"]):
        return
    shifts = table[table["kind"] == "shift"]
    groups = {"": shifts}
    if shifts["beyond_margin"].notna().any():
        beyond = shifts["beyond_margin"].astype(str) == "True"
        groups = {"Within the margin": shifts[~beyond], "Beyond the margin": shifts[beyond]}
    for name, own in groups.items():
        if own.empty:
            continue
        positions = own[["axis", "amount_mm"]].drop_duplicates()
        parts = [
            f"{model.capitalize()} by RSS in {int(rows['best_rss'].sum())} and by AIC in {int(rows['best_aic'].sum())}"
            for model in ("gaussian", "fermi")
            if len(rows := own[own["model"] == model])
        ]
        total = int(own[own["model"] == "fermi"]["patients"].sum())
        start = f"{name}, " if name else ""
        words = count_of(total, "curve")
        at = count_of(len(positions), "position")
        text = f"{start}of {words} at {at}, the better fit: {'; '.join(parts)}."
        yield text[0].upper() + text[1:]


def _moments(results: Results) -> Iterator[str]:
    table = results.dvh_curves.get("trend")
    if table is None:
        return
    for direction in ("negative", "positive"):
        own = table[(table["kind"] == "shift") & (table["direction"] == direction)]
        for axis, rows in own.groupby("axis", sort=False):
            slopes = rows.set_index("quantity")
            if not {"mean_gy", "variance_gy2"} <= set(slopes.index):
                continue
            mean, variance = slopes.loc["mean_gy"], slopes.loc["variance_gy2"]
            yield (
                f"Shifts {TOWARDS[str(axis)][direction]}: the mean dose changes by "
                f"{format_number(float(mean['slope']))} Gy per mm (falling in {int(mean['falling'])} of "
                f"{count_of(int(mean['patients']), 'patient')}); the variance changes by "
                f"{format_number(float(variance['slope']))} Gy\N{SUPERSCRIPT TWO} per mm (rising in "
                f"{int(variance['patients']) - int(variance['falling'])})."
            )


def _comparison_row(row: Mapping[str, Any]) -> tuple[str | Cell, ...]:
    beyond = text_of(row["beyond_margin"])
    return (
        _position(row), {"True": "yes", "False": "no"}.get(beyond, ""), text_of(row["model"]),
        count_cell(row["patients"]), count_cell(row["points"]), count_cell(row["k"]),
        number_cell(row["rss_mean"], decimals=4), number_cell(row["aic_mean"], decimals=1),
        number_cell(row["aicc_mean"], decimals=1), count_cell(row["best_rss"]), count_cell(row["best_aic"]),
        count_cell(row["best_of_all"]),
    )  # fmt: skip


def _trend_row(row: Mapping[str, Any]) -> tuple[str | Cell, ...]:
    name = text_of(row["quantity"])
    shift = TOWARDS[text_of(row["axis"])][text_of(row["direction"])]
    where = "breathing" if row["kind"] == "breathing" else shift
    slope = (
        number_cell(row["slope"], decimals=3)
        if optional(row["low"]) is None
        else interval_cell(row["slope"], row["low"], row["high"], decimals=3)
    )
    return (NAMES.get(name, name), where, count_cell(row["patients"]), slope, p_cell(row["p"]),
            count_cell(row["falling"]))  # fmt: skip


def _prediction_row(row: Mapping[str, Any]) -> tuple[str | Cell, ...]:
    return (
        _position(row), count_cell(row["patients"]), number_cell(100.0 * float(row["largest_difference"])),
        number_cell(100.0 * float(row["mean_difference"]), decimals=3), number_cell(row["mean_dose_difference_gy"],
                                                                                   decimals=3),
    )  # fmt: skip


def _notes(results: Results) -> Iterator[Block]:
    fits = results.dvh_curves.get("fits")
    if fits is None:
        return
    found = fits[fits["finding"].map(text_of) != ""]
    texts = dict.fromkeys(
        f"{row['patient']}, {_position(row)}, {row['model']}: {text_of(row['finding'])}" for row in records(found)
    )
    if texts:
        yield Notes("Findings of the fits", tuple(texts))
