"""Can printed figures be true together: p values against means, totals against groups, odds ratios against counts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.models.printed_numbers import (
    Interval,
    largest_gap,
    overlap,
    printed_p,
    range_text,
    rounded,
    smallest_gap,
)

Verdict = Literal["consistent", "inconsistent", "possible", "implausible"]

COLUMNS = (
    *("item", "mean_a", "sd_a", "n_a", "mean_b", "sd_b", "n_b", "mean_all", "p", "paired"),
    *("odds_ratio", "n", "events", "percent", "events_a", "events_b", "vx_pct", "mean_gy", "max_gy"),
)


@dataclass(frozen=True)
class PrintedCheck:
    """One check of printed figures.

    Attributes
    ----------
    item : str
    check : str
        What was compared.
    printed, computed : str
        As printed, and what follows from the other figures.
    verdict : {"consistent", "inconsistent", "possible", "implausible"}
        possible: figures that are not printed decide, and `computed` says what they would have to be; implausible: what
        they would have to be is nothing that is seen.
    """

    item: str
    check: str
    printed: str
    computed: str
    verdict: Verdict


def check_two_means(
    mean_a: str, sd_a: str, n_a: int, mean_b: str, sd_b: str, n_b: int, *, p: str, item: str = ""
) -> Iterator[PrintedCheck]:
    """Compare a printed p value with means, standard deviations and numbers of two groups.

    Parameters
    ----------
    mean_a, sd_a, mean_b, sd_b, p : str
        As printed: their decimals say how far they were rounded.
    n_a, n_b : int
    item : str

    Yields
    ------
    PrintedCheck
        By Student's and by Welch's t test: the p values that the rounded figures allow. A rank test can give another p.
    """
    from scipy.stats import t

    stated = printed_p(p)
    for name in ("Student t", "Welch t"):
        found = []
        for a, s_a, b, s_b in itertools.product(*(_ends(each) for each in (mean_a, sd_a, mean_b, sd_b))):
            error, df = _standard_error(s_a, n_a, s_b, n_b, name)
            found.append(2.0 * float(t.sf(abs(a - b) / error, df)) if error > 0 else (0.0 if a != b else 1.0))
        low, high = min(found), max(found)
        if overlap(rounded(mean_a), rounded(mean_b)):
            high = 1.0
        fits = low <= stated.high and high >= stated.low
        yield PrintedCheck(item, name, f"p {p}", f"p {range_text(low, high)}", "consistent" if fits else "inconsistent")


def check_paired_means(
    mean_a: str, sd_a: str, mean_b: str, sd_b: str, n: int, *, p: str, item: str = ""
) -> PrintedCheck:
    """Say which correlation of the pairs a printed p value of a paired t test needs.

    Parameters
    ----------
    mean_a, sd_a, mean_b, sd_b, p : str
        As printed.
    n : int
        Pairs.
    item : str

    Returns
    -------
    PrintedCheck
        inconsistent where no correlation up to 1 gives the p value.
    """
    from scipy.stats import t

    stated = printed_p(p)
    gap = largest_gap(rounded(mean_a), rounded(mean_b))
    nearest = smallest_gap(rounded(mean_a), rounded(mean_b))
    s_a, s_b = (0.5 * sum(_ends(each)) for each in (sd_a, sd_b))
    # Standard deviation of the differences at the ends of the printed p.
    most = math.inf if stated.high >= 1.0 else gap * math.sqrt(n) / float(t.isf(stated.high / 2.0, n - 1))
    least = 0.0 if stated.low <= 0.0 else nearest * math.sqrt(n) / float(t.isf(stated.low / 2.0, n - 1))
    correlations = [(s_a**2 + s_b**2 - each**2) / (2.0 * s_a * s_b) for each in (most, least)]
    low, high = max(-1.0, correlations[0]), min(1.0, correlations[1])
    possible = low <= 1.0 and low <= high
    words = f"needs a correlation of {low:.4f} to {high:.4f}" if possible else "no correlation gives that p"
    return PrintedCheck(item, "paired t", f"p {p}", words, "possible" if possible else "inconsistent")


def check_without_sd(mean_a: str, n_a: int, mean_b: str, n_b: int, *, p: str, item: str = "") -> PrintedCheck:
    """Say which common standard deviation a printed p value of a t test needs, where none is printed."""
    from scipy.stats import t

    stated, df = printed_p(p), n_a + n_b - 2
    scale = math.sqrt(1.0 / n_a + 1.0 / n_b)
    gaps = smallest_gap(rounded(mean_a), rounded(mean_b)), largest_gap(rounded(mean_a), rounded(mean_b))
    most = math.inf if stated.high >= 1.0 else gaps[1] / (scale * float(t.isf(stated.high / 2.0, df)))
    least = 0.0 if stated.low <= 0.0 else gaps[0] / (scale * float(t.isf(stated.low / 2.0, df)))
    words = f"needs a standard deviation of {least:.3g} to {most:.3g} in the groups"
    if math.isinf(most):
        words = f"needs a standard deviation of {least:.3g} or more in the groups"
    return PrintedCheck(item, "t without SD", f"p {p}", words, "possible")


def check_total(mean_all: str, mean_a: str, n_a: int, mean_b: str, n_b: int, *, item: str = "") -> PrintedCheck:
    """Compare the mean of all with the weighted mean of two groups."""
    stated, a, b = rounded(mean_all), rounded(mean_a), rounded(mean_b)
    low, high = ((n_a * x + n_b * y) / (n_a + n_b) for x, y in ((a.low, b.low), (a.high, b.high)))
    fits = overlap(stated, Interval(low, high))
    computed = f"{(low + high) / 2.0:.4g} ({range_text(low, high)})"
    return PrintedCheck(item, "mean of all", mean_all, computed, "consistent" if fits else "inconsistent")


def check_mean_dose(vx_pct: str, mean_gy: str, max_gy: str, *, item: str = "") -> PrintedCheck:
    """Compare a printed mean dose with the volumes that get given doses.

    The mean dose is the area under the cumulative DVH, which falls from 100 % at 0 Gy to nothing at the maximum dose.
    Between two given points it lies between their steps; means over patients obey the same bounds.

    Parameters
    ----------
    vx_pct : str
        Dose in Gy and volume in %, such as ``5:57.8 20:31.3``.
    mean_gy, max_gy : str
        Mean dose as printed; the highest dose that a plan can have.
    item : str

    Returns
    -------
    PrintedCheck
        inconsistent where no falling curve has that mean; implausible where curves that are straight between the points
        would need a mean dose beyond `max_gy` above the last point.
    """
    points = sorted(
        (float(dose), float(volume)) for dose, _, volume in (part.partition(":") for part in vx_pct.split())
    )
    doses = np.array([0.0, *(dose for dose, _ in points)])
    volumes = np.array([100.0, *(volume for _, volume in points)]) / 100.0
    steps, stated, highest = np.diff(doses), rounded(mean_gy), float(max_gy)
    low = float(volumes[1:] @ steps)
    high = float(volumes[:-1] @ steps + volumes[-1] * (highest - doses[-1]))
    straight = float((volumes[1:] + volumes[:-1]) @ steps) / 2.0
    above = doses[-1] + (float(mean_gy) - straight) / volumes[-1]
    words = (
        f"{low:.4g} to {high:.4g} Gy; straight lines between the points need {above:.3g} Gy on average in the "
        f"{100 * volumes[-1]:.4g} % above {doses[-1]:g} Gy"
    )
    verdict: Verdict = "possible" if doses[-1] <= above <= highest else "implausible"
    if stated.high < low or stated.low > high:
        verdict = "inconsistent"
    return PrintedCheck(item, f"mean dose with Vx, up to {highest:g} Gy", f"{mean_gy} Gy", words, verdict)


def check_percent(events: int, n: int, percent: str, *, item: str = "") -> PrintedCheck:
    """Compare a printed percentage with its counts."""
    stated, found = rounded(percent), 100.0 * events / n
    fits = stated.low - 1e-9 <= found <= stated.high + 1e-9
    return PrintedCheck(item, "percent", f"{percent} %", f"{found:.4g} %", "consistent" if fits else "inconsistent")


def check_rates(events_a: int, n_a: int, events_b: int, n_b: int, *, p: str, item: str = "") -> PrintedCheck:
    """Compare a printed p value with the counts of two groups: chi-square without correction, likelihood ratio, Fisher.

    Parameters
    ----------
    events_a, n_a, events_b, n_b : int
    p : str
        As printed.
    item : str
    """
    stated = printed_p(p)
    found = list(_table_p(np.array([[events_a, n_a - events_a], [events_b, n_b - events_b]])))
    fits = any(stated.low <= each <= stated.high for each in found)
    computed = f"{events_a}/{n_a} v {events_b}/{n_b}: p {range_text(min(found), max(found))}"
    return PrintedCheck(item, "rates of two groups", f"p {p}", computed, "consistent" if fits else "inconsistent")


def check_odds_ratio(odds_ratio: str, n: int, events: int, *, p: str = "", item: str = "") -> PrintedCheck:
    """Look for the tables of two groups that have a printed odds ratio.

    Parameters
    ----------
    odds_ratio : str
        As printed.
    n, events : int
        Patients, and those with the outcome.
    p : str
        As printed; a table fits when the chi-square test without correction, the likelihood-ratio test or Fisher's
        gives it.
    item : str

    Returns
    -------
    PrintedCheck
        `computed` lists the tables as events/patients of both groups, at most five.
    """
    stated = rounded(odds_ratio)
    wanted = printed_p(p) if p.strip() else Interval(0.0, 1.0)
    tables = []
    for exposed in range(1, n):
        k = np.arange(max(0, events - (n - exposed)), min(exposed, events) + 1)
        a, b, c, d = k, exposed - k, events - k, n - exposed - events + k
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where((b > 0) & (c > 0), a * d / np.maximum(b * c, 1), np.inf)
        for place in np.flatnonzero((ratio >= stated.low) & (ratio <= stated.high)):
            cells = np.array([[a[place], b[place]], [c[place], d[place]]])
            if any(wanted.low <= each <= wanted.high for each in _table_p(cells)):
                tables.append(f"{cells[0, 0]}/{exposed} v {cells[1, 0]}/{n - exposed}")
    more = f" and {len(tables) - 5} more" if len(tables) > 5 else ""
    words = f"{', '.join(tables[:5])}{more}" if tables else f"no table of {n} patients with {events} events"
    shown = f"OR {odds_ratio}, p {p}" if p.strip() else f"OR {odds_ratio}"
    return PrintedCheck(item, "odds ratio", shown, words, "consistent" if tables else "inconsistent")


def check_printed(rows: list[Mapping[str, str]]) -> list[PrintedCheck]:
    """Do every check that the filled cells of a table allow.

    Parameters
    ----------
    rows : list of mapping of str to str
        Cells by column (`COLUMNS`), as printed; empty where nothing is printed.

    Returns
    -------
    list of PrintedCheck

    Raises
    ------
    InputError
        Unknown columns, cells that are no numbers (all are listed), nothing to check.
    """
    faults, checks = [], []
    unknown = sorted({name for row in rows for name in row} - set(COLUMNS))
    if unknown:
        expected = f"columns among {', '.join(COLUMNS)}"
        raise InputError(Fault("printed figures", expected, ", ".join(unknown), "Rename or remove them.", "printed"))
    for line, row in enumerate(rows, start=2):
        try:
            checks += list(_row_checks({name: (row.get(name) or "").strip() for name in COLUMNS}))
        except (ParameterError, ValueError) as error:
            faults.append(Fault(f"line {line}", "figures as printed", str(error), "Correct the cell.", "printed"))
    if not faults and not checks:
        expected = "cells for at least one check"
        faults.append(Fault("printed figures", expected, "none", "Fill means with n and p, or counts.", "printed"))
    if faults:
        raise InputError(faults)
    return checks


def _row_checks(cell: Mapping[str, str]) -> Iterator[PrintedCheck]:
    item = cell["item"]
    a, b = cell["mean_a"], cell["mean_b"]
    n_a, n_b, n, events = (int(cell[name]) if cell[name] else 0 for name in ("n_a", "n_b", "n", "events"))
    spread = cell["sd_a"] and cell["sd_b"]
    if a and b and cell["p"] and cell["paired"].lower() in ("yes", "true", "1"):
        if spread and (n or n_a):
            yield check_paired_means(a, cell["sd_a"], b, cell["sd_b"], n or n_a, p=cell["p"], item=item)
    elif a and b and cell["p"] and n_a > 1 and n_b > 1:
        if spread:
            yield from check_two_means(a, cell["sd_a"], n_a, b, cell["sd_b"], n_b, p=cell["p"], item=item)
        else:
            yield check_without_sd(a, n_a, b, n_b, p=cell["p"], item=item)
    if cell["mean_all"] and a and b and n_a and n_b:
        yield check_total(cell["mean_all"], a, n_a, b, n_b, item=item)
    if cell["percent"] and n:
        yield check_percent(events, n, cell["percent"], item=item)
    if cell["events_a"] and cell["events_b"] and cell["p"] and n_a and n_b:
        yield check_rates(int(cell["events_a"]), n_a, int(cell["events_b"]), n_b, p=cell["p"], item=item)
    if cell["vx_pct"] and cell["mean_gy"] and cell["max_gy"]:
        yield check_mean_dose(cell["vx_pct"], cell["mean_gy"], cell["max_gy"], item=item)
    if cell["odds_ratio"] and n and events:
        yield check_odds_ratio(cell["odds_ratio"], n, events, p=cell["p"], item=item)


def _ends(text: str) -> tuple[float, float]:
    around = rounded(text)
    return around.low, around.high


def _standard_error(s_a: float, n_a: int, s_b: float, n_b: int, test: str) -> tuple[float, float]:
    s_a, s_b = max(0.0, s_a), max(0.0, s_b)
    if test == "Student t":
        df = n_a + n_b - 2
        pooled = ((n_a - 1) * s_a**2 + (n_b - 1) * s_b**2) / df
        return math.sqrt(pooled * (1.0 / n_a + 1.0 / n_b)), float(df)
    u, v = s_a**2 / n_a, s_b**2 / n_b
    freedom = (u + v) ** 2 / (u**2 / (n_a - 1) + v**2 / (n_b - 1)) if u + v > 0 else 1.0
    return math.sqrt(u + v), freedom


def _table_p(cells: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Iterator[float]:
    from scipy.stats import chi2_contingency, fisher_exact

    yield float(chi2_contingency(cells, correction=False).pvalue)
    if (cells > 0).all():
        yield float(chi2_contingency(cells, correction=False, lambda_="log-likelihood").pvalue)
    yield float(fisher_exact(cells).pvalue)
