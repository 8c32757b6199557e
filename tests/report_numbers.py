"""Where the numbers of a report come from: each must stand in a results table, or be declared here with its reason."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from lungtox.report.blocks import Bullets, Folded, Heading, Notes, Picture, Section, Table, Text
from lungtox.report.contents import report_sections
from lungtox.report.results import read_results
from lungtox.tables import read_csv, read_json
from tests.report_rows import Rows, read_rows, torn_clauses, torn_rows

NUMBER = re.compile(r"(?<![\w.,^])[-\u2212]?\d+(?:\.\d+)?(?![\w]|\.\d)")
SHARE = re.compile(r"(\d+) of (\d+) \((\d+\.\d) %\)")

FIXED = {
    r"95 % (?:CI|interval\w*|confidence|bands?|credible)": "level of all intervals",
    r"\(95 %": "level of all intervals",
    r"in 95 % of random reassignments": "level of a permutation band",
    r"joint 50 %, 80 % and 95 % regions|drop of the 95 % profile": "levels of regions of the likelihood",
    r", 95 % within": "what counts as late (lungtox.ntcp.time_to_event)",
    r"middle 95 %": "what ranges over resamples hold",
    r"2\.5-97\.5 %": "the same, as percentiles",
    r"5th (?:to|and) (?:the )?95th percentile": "spread over the patients of the sweep",
    r"[pq] (?:<|of) 0\.05": "level of the tests",
    r"TG-263": "report 263 of the AAPM's task groups: names of structures",
    r"p = 0\.05": "level of the tests",
    r"< 0\.001|> 0\.99|< 0\.01|> 1000": "how what lies beyond is printed",
    r"and \d+ more$": "the rest of a list whose length stands beside it",
    r"(?:below|Below) (?:100|ten)": "events below which corrected figures are unstable (SCIENCE, section 5)",
    r"fewer than 10(?:0)?\b": "events per variable, and events, below which a warning is due (SCIENCE, section 5)",
    r"90th percentile": "definition of E90",
    r"[Oo]uter 10 mm": "width of the rim of the lung (docs/methods/functional-dvh.md)",
    r"99th percentile": "reference of a hot spot (docs/methods/functional-dvh.md)",
    r"by 5 and 10 mm": "shifts of the sweep (docs/methods/functional-dvh.md)",
    r"correlation of 0\.8 or more": "limit of the sentence on collinearity",
    r"Spearman 0\.7 or more": "limit of a cluster (lungtox.models.collinearity)",
    r"dashed line at 0\.7": "limit of a cluster (lungtox.models.collinearity)",
    r"inflation of 10 or more": "limit of the sentence on variance inflation",
    r"the 5 most frequent models": "how many are listed",
    r"within 1\.92 of the highest": "half the 95 % quantile of chi-square with 1 degree of freedom",
    r"differences below about 4": "rule for AIC",
    r"AIC up to 2 above": "rule for AIC (Burnham and Anderson 2002)",
    r"\b0 is (?:right|no better)|above 0 means|slope: 1 is right|names are 1 where": "how to read a figure",
    r"\bn = 1\b": "mean dose as a special case of the LKB model",
    r"0\.5 is chance, 1 is perfect": "how to read an area",
    r"\(1 is right\)": "how to read a slope",
    r"more than 2 above": "rule for AIC (Burnham and Anderson 2002)",
    r"1\.5 interquartile ranges": "definition of a whisker",
    r"isodose lines \(.*?Gy;": "drawing of a patient page",
    r"all 10 |ten events": "how a limit is written",
    r"cohorts of 120 they held the true difference of AUC in 89 to 93 %": "docs/validation",
    r"[A-Z]\w+(?: and [A-Z]\w+| et al\.)?,? (?:19|20)\d\d\b": "author and year",
    r"10 to 70 %": "thresholds of the sweep (docs/methods/functional-dvh.md)",
    r"1/\(1 \+ exp\([^)]*\)\)": "a formula",
    r"bias and 1\.96 SD": "limits of agreement",
    r"\(\d df\)": "degrees of freedom in words",
    r"(?:line at|p is below) 0\.05": "the level",
}
"""Numbers of the wording itself: pattern -> reason. Everything else has to be in a table."""

CHANCE = re.compile(r"(\d+) single tests, of which about (\d+\.\d) would be")
"""The one product in the prose: the level times the number of tests that stands beside it."""


APPARATUS = {"references": "years, volumes and pages", "tripod": "numbers of the checklist's items"}
"""Sections whose numbers are no results."""


@dataclass
class Known:
    """Numbers and texts of some results files."""

    numbers: list[float] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)

    def add(self, value: Any) -> None:
        """Take in a value of a table or JSON file, however deep."""
        if isinstance(value, Mapping):
            for part in value.values():
                self.add(part)
        elif isinstance(value, (list, tuple)):
            for part in value:
                self.add(part)
        elif isinstance(value, str):
            if re.search(r"\d", value):
                self.texts.add(value)
                self.numbers += [float(one.replace("\u2212", "-")) for one in NUMBER.findall(value.replace(",", ", "))]
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            self.numbers.append(float(value))

    def add_counts(self, table: pd.DataFrame) -> None:
        """Take in how many rows a table has: in all, of each text, with a small p or q, and within a family."""
        parts = [table]
        if "factor" in table:
            parts.append(table.drop_duplicates("factor"))
        parts += [group for part in parts if "family" in part for _, group in part.groupby("family")]
        for part in parts:
            self.numbers.append(float(len(part)))
            for column in part:
                values = part[column]
                if column in ("p", "q"):
                    self.numbers += [float(values.notna().sum()), float((values < 0.05).sum())]
                elif values.dtype == object or values.dtype == bool:
                    self.numbers += [float(count) for count in values.value_counts()]

    def add_odds_ratios(self, fit: Mapping[str, Any]) -> None:
        """Take in the odds ratios of a logistic fit, whose file holds their logarithms."""
        for term in fit.get("estimates") or ():
            known = [term[name] for name in ("estimate", "low", "high") if term.get(name) is not None]
            self.numbers += [math.exp(value) for value in known if abs(value) < 700]

    def add_pairs(self, table: pd.DataFrame, families: Mapping[str, list[str]]) -> None:
        """Take in how many pairs of metrics each family has, and how many of them correlate by 0.8 or more."""
        for columns in families.values():
            own = table.loc[table["column"].isin(columns) & table["other"].isin(columns), "correlation"].dropna().abs()
            self.numbers += [float(len(own)), float((own >= 0.8).sum())]

    def holds(self, text: str) -> bool:
        """Say whether a printed number is the rounding of a known one, or of a known share in percent."""
        value = float(text.replace("\u2212", "-"))
        half = 0.5 * 10.0 ** -(len(text.partition(".")[2])) * (1 + 1e-9) + 1e-12
        spans = [(value - half, value + half), ((value - half) / 100.0, (value + half) / 100.0)]
        return any(self._between(low, high) for low, high in spans)

    def _between(self, low: float, high: float) -> bool:
        place = bisect_left(self.numbers, low)
        return place < len(self.numbers) and self.numbers[place] <= high


def untraced(sections: tuple[Section, ...], results: Path, config: Mapping[str, Any]) -> list[str]:
    """Give each number of prose and tables that stands in no file of its section's sources, with where it stands."""
    found, read = [], cache(read_rows)
    for section in (one for one in sections if one.name not in APPARATUS):
        known = _known(section, results, config)
        if section.sources:
            found += _torn(section, known, Rows.of(section, results, read))
        for where, text in _texts(section):
            found += [f"{section.name}, {where}: {number} in {text[:160]!r}" for number in _strangers(text, known)]
        for where, order, text in _orders(section):
            printed = NUMBER.findall(text)
            if printed and not any(_is_rounding(one, order) for one in printed):
                found.append(f"{section.name}, {where}: {text!r} is not {order}")
    return found


def _torn(section: Section, known: Known, rows: Rows) -> Iterator[str]:
    """Give what is printed together and stands apart in the files."""
    for block in section.blocks:
        if isinstance(block, Table):
            texts = {cell.text: _bare(SHARE.sub(r"\1 of \2", cell.text), known) for row in block.rows for cell in row}
            for torn in torn_rows(block, rows, texts):
                yield f"{section.name}, table {block.name}: not of one row: {torn[:160]!r}"
    for where, text in _texts(section):
        if not where.startswith(("table", "head")):
            plain = _bare(CHANCE.sub(r"\1 single tests", SHARE.sub(r"\1 of \2", text)), known)
            yield from (f"{section.name}, {where}: not of one row: {torn!r}" for torn in torn_clauses(plain, rows))


def untraced_in(results: Path) -> list[str]:
    """Give the same of the report of a results folder."""
    config = read_json(results / "provenance.json")["config"]
    return untraced(report_sections(read_results(results, config)), results, config)


def _known(section: Section, results: Path, config: Mapping[str, Any]) -> Known:
    known = Known()
    for pattern in section.sources:
        paths = sorted(results.glob(pattern))
        contents = [read_json(path) for path in paths if path.suffix == ".json"]
        lengths: Counter[str] = Counter()
        for content in contents:
            known.add(content)
            _count_lists(content, "", lengths)
            if isinstance(content, Mapping) and section.name in ("models", "summary"):
                known.add_odds_ratios(content)
        known.numbers += [float(length) for length in lengths.values()]
        for path in paths:
            if path.suffix == ".csv" and path.read_bytes().strip():
                table = read_csv(path)
                known.add(table.to_dict("records"))
                known.add_counts(table)
                if path.name == "metric_correlations.csv":
                    known.add_pairs(table, (config.get("association") or {}).get("families") or {})
    dictionary = results / "cohort/dictionary.csv"
    if dictionary.is_file():
        known.texts |= {text for text in read_csv(dictionary)["label"] if re.search(r"\d", text)}
    plain = json.loads(json.dumps(config))
    known.add(plain)
    lengths = Counter()
    _count_lists(plain, "", lengths)
    known.numbers += [float(length) for length in lengths.values()]
    known.numbers.sort()
    return known


def _count_lists(content: Any, name: str, lengths: Counter[str]) -> None:
    """Count what stands in lists of the same name, and equal texts, over all files: patients, warnings, techniques."""
    if isinstance(content, list):
        lengths[name] += len(content)
        for part in content:
            _count_lists(part, name, lengths)
    elif isinstance(content, Mapping):
        for key, part in content.items():
            if isinstance(part, (Mapping, list)):
                _count_lists(part, f"{name}.{key}", lengths)
            elif isinstance(part, str):
                lengths[f"{name}.{key}={part}"] += 1


def _texts(section: Section) -> Iterator[tuple[str, str]]:
    for block in section.blocks:
        match block:
            case Heading() | Text():
                yield "text", block.text
            case Bullets() | Folded() | Notes():
                yield from (("list", item) for item in block.items)
            case Picture():
                yield f"figure {block.name}", block.caption
            case Table():
                yield f"caption of {block.name}", block.caption
                yield from ((f"head of {block.name}", column) for column in block.columns)
                yield from ((f"table {block.name}", cell.text) for row in block.rows for cell in row)


def _orders(section: Section) -> Iterator[tuple[str, float, str]]:
    for block in section.blocks:
        if isinstance(block, Table):
            for row in block.rows:
                yield from ((f"table {block.name}", cell.order, cell.text) for cell in row if cell.order is not None)


def _is_rounding(text: str, order: float) -> bool:
    value = float(text.replace("\u2212", "-"))
    half = 0.5 * 10.0 ** -(len(text.partition(".")[2])) + 1e-9
    return abs(value - order) <= half or value in (0.001, 0.01, 0.99, 1000.0)


def _strangers(text: str, known: Known) -> Iterator[str]:
    """Give the numbers of a text that are not known, once quoted texts and fixed wording are taken out."""
    for tested, expected in CHANCE.findall(text):
        if abs(0.05 * int(tested) - float(expected)) > 0.0501:
            yield f"{expected} is not 0.05 times {tested}"
    for part, whole, percent in SHARE.findall(text):
        if abs(100.0 * int(part) / int(whole) - float(percent)) > 0.0501:
            yield f"{part} of {whole} is not {percent} %"
    rest = CHANCE.sub(r"\1 single tests", SHARE.sub(r"\1 of \2", text))
    if all(known.holds(number) for number in NUMBER.findall(rest)):
        return
    for number in NUMBER.findall(_bare(rest, known)):
        if not known.holds(number):
            yield number


def _bare(text: str, known: Known) -> str:
    """Take quoted texts and fixed wording out of a text."""
    for quoted in sorted((one for one in known.texts if one in text), key=len, reverse=True):
        text = re.sub(rf"(?<![\w.]){re.escape(quoted)}(?!\w|\.\d)", "\u2026", text)
    for pattern in FIXED:
        text = re.sub(pattern, "\u2026", text)
    return text
