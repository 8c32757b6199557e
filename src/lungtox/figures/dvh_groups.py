"""Mean cumulative DVHs of the patients with and without pneumonitis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from lungtox.figures.config import FiguresSettings
from lungtox.figures.labels import weighting_label
from lungtox.figures.language import translate, translate_label
from lungtox.figures.style import (
    GROUPS,
    group_label,
    group_look,
    new_figure,
    say_nothing_to_draw,
    style_context,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEP_GY = 0.5
COLUMNS = ["structure", "weighting", "group", "dose_gy", "n", "mean_pct", "low_pct", "high_pct"]


def tabulate_dvh_groups(dvhs: pa.Table, analysis: pd.DataFrame) -> pd.DataFrame:
    """Summarise physical-dose DVHs by group: the table behind the figure.

    Each patient's differential DVH becomes a cumulative one in percent of the structure's volume
    (Vx = share with dose >= x); the mean over a group gets a pointwise 95 % t interval. The intervals hold
    at each dose alone, not for the curve as a whole.

    Parameters
    ----------
    dvhs : pyarrow.Table
        Rows of model_dvhs.parquet.
    analysis : DataFrame
        Columns ``patient`` and ``rp`` (0, 1 or missing = neither; these patients are left out).

    Returns
    -------
    DataFrame
        ``structure, weighting, group (no_rp|rp), dose_gy, n, mean_pct, low_pct, high_pct``; the interval is
        missing for groups of one patient.
    """
    known = analysis.loc[analysis["rp"].notna(), ["patient", "rp"]]
    group_of = dict(zip(known["patient"].astype(str), known["rp"].astype(int), strict=True))
    frame = dvhs.select(["patient", "structure", "weighting", "quantity", "dose_gy", "volume_cc"]).to_pandas()
    frame = frame[(frame["quantity"] == "physical") & frame["patient"].astype(str).isin(group_of.keys())]
    parts = []
    for (structure, weighting), rows in frame.groupby(["structure", "weighting"], observed=True, sort=False):
        patients, curves = _cumulative_pct(rows)
        outcome = np.array([group_of[patient] for patient in patients])
        for group, value in zip(GROUPS, (0, 1), strict=True):
            if (outcome == value).any():
                summary = _mean_with_band(curves[outcome == value])
                parts.append(summary.assign(structure=str(structure), weighting=str(weighting), group=group))
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(parts, ignore_index=True)[COLUMNS]
    order = table[["structure", "weighting"]].drop_duplicates()
    ranked = sorted(order.itertuples(index=False), key=lambda row: (row.structure, _weighting_rank(str(row.weighting))))
    rank = {(row.structure, row.weighting): number for number, row in enumerate(ranked)}
    keys = [rank[pair] for pair in zip(table["structure"], table["weighting"], strict=True)]
    return table.assign(key=keys).sort_values("key", kind="stable").drop(columns="key").reset_index(drop=True)


def _weighting_rank(weighting: str) -> tuple[int, str]:
    return {"anatomical": 0, "perfusion": 2}.get(weighting, 1), weighting


def _cumulative_pct(rows: pd.DataFrame) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Give patients and their cumulative volumes in percent, shape (patients, doses), at steps of STEP_GY."""
    patients, number = np.unique(rows["patient"].astype(str).to_numpy(), return_inverse=True)
    # Bin starts are multiples of 0.1 Gy up to rounding: 0.5 Gy edges fall on them, so Vx stays inclusive.
    step = np.floor(np.round(rows["dose_gy"].to_numpy() / STEP_GY, 6)).astype(int)
    volumes = np.zeros((len(patients), int(step.max()) + 2))
    np.add.at(volumes, (number, step), rows["volume_cc"].to_numpy())
    above = volumes[:, ::-1].cumsum(axis=1)[:, ::-1]
    return list(patients), 100.0 * above / above[:, :1]


def _mean_with_band(curves: np.ndarray[Any, Any]) -> pd.DataFrame:
    n = len(curves)
    mean = curves.mean(axis=0)
    half = stdtrit(n - 1, 0.975) * curves.std(axis=0, ddof=1) / math.sqrt(n) if n > 1 else np.full_like(mean, np.nan)
    return pd.DataFrame(
        {
            "dose_gy": np.arange(curves.shape[1]) * STEP_GY,
            "n": n,
            "mean_pct": mean,
            "low_pct": np.clip(mean - half, 0.0, 100.0),
            "high_pct": np.clip(mean + half, 0.0, 100.0),
        }
    )


def plot_dvh_groups(table: pd.DataFrame, *, settings: FiguresSettings) -> Figure:
    """Draw the mean DVHs by group, one panel for each structure and weighting.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_dvh_groups`.
    settings : FiguresSettings

    Returns
    -------
    matplotlib Figure
        Two columns wide.
    """
    style = settings.style
    panels = [] if table.empty else list(table.groupby(["structure", "weighting"], sort=False))
    across = 3 if len(panels) > 2 else 2 if len(panels) == 2 else 1
    down = max(1, math.ceil(len(panels) / across))
    with style_context(style):
        wide = across > 1
        panel_height_mm = 62.0 if across == 3 else 72.0
        figure = new_figure(style, columns=2 if wide else 1, height_mm=down * panel_height_mm)
        figure.set_layout_engine("constrained", w_pad=0.04 * style.scale, h_pad=0.04 * style.scale)
        axes = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
        if not panels:
            say_nothing_to_draw(axes[0], translate(settings, "No DVH of a patient with a known outcome"), style=style)
        for ax, ((structure, weighting), rows) in zip(axes, panels, strict=False):
            _draw_panel(ax, rows, settings=settings)
            words = translate_label(settings, weighting_label(str(weighting)))
            ax.set_title(f"{translate_label(settings, str(structure))}\n{words}")
            ax.tick_params(labelbottom=True)
        visible = table.loc[table["mean_pct"] > 0.2, "dose_gy"]
        axes[0].set_xlim(0, 5 * math.ceil((visible.max() + STEP_GY) / 5) if len(visible) else 5)
        for ax in axes[len(panels) :]:
            ax.set_visible(False)
        for ax in axes[: len(panels) : across]:
            ax.set_ylabel(translate(settings, "Volume (%)"))
    return figure


def _draw_panel(ax: Axes, rows: pd.DataFrame, *, settings: FiguresSettings) -> None:
    for group, curve in rows.groupby("group", sort=False):
        look = group_look(settings.style, str(group))
        dose = curve["dose_gy"].to_numpy()
        label = f"{group_label(settings, str(group))} (n = {curve['n'].iloc[0]})"
        ax.plot(dose, curve["mean_pct"], color=look.colour, linestyle=look.line, label=label)
        ax.fill_between(dose, curve["low_pct"], curve["high_pct"], color=look.colour, alpha=0.2, linewidth=0)
    ax.set_ylim(0, 100)
    ax.set_xlabel(translate(settings, "Dose (Gy)"))
    ax.legend(loc="upper right")
