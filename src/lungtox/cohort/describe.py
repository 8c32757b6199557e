"""Table 1, the flow of patients, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pandas as pd
from tableone import TableOne

from lungtox.cohort.columns import LIMIT_FLAGS
from lungtox.cohort.schemas import EXCLUSIONS, FLOW, MISSING, TABLE1, read_analysis, read_dictionary
from lungtox.tables import read_csv, write_csv

GROUPS = {"all": "Overall", "rp": "1", "no_rp": "0"}


@dataclass(frozen=True)
class CohortDescription:
    """Tables that describe the cohort, as docs/file-contracts.md has them."""

    table1: pd.DataFrame
    flow: pd.DataFrame
    missing: pd.DataFrame

    def write(self, *, table1: str | Path, flow: str | Path, missing: str | Path) -> None:
        """Write the three tables, each checked against its schema."""
        write_csv(self.table1, table1, schema=TABLE1)
        write_csv(self.flow, flow, schema=FLOW)
        write_csv(self.missing, missing, schema=MISSING)


def describe_cohort(*, analysis: str | Path, exclusions: str | Path, dictionary: str | Path) -> CohortDescription:
    """Read the assembled cohort and describe it.

    Parameters
    ----------
    analysis, exclusions, dictionary : paths of the cohort's tables
    """
    known = read_dictionary(dictionary)
    table = read_analysis(analysis, known)
    excluded = read_csv(exclusions, schema=EXCLUSIONS, dtype="object")
    return CohortDescription(
        table1=tabulate_baseline(table, known),
        flow=tabulate_flow(table, excluded),
        missing=tabulate_missing(table, known),
    )


def tabulate_baseline(analysis: pd.DataFrame, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Give Table 1: median [quartiles] and counts (%) of all patients, those with RP and those without.

    Patients with neither RP nor a full window are part of `all` only. Percentages are of the patients whose
    value is known. p values belong to the association stage, not here.
    """
    shown = dictionary[dictionary["kind"].isin(["binary", "categorical", "continuous"])]
    shown = shown[~shown["column"].str.endswith(LIMIT_FLAGS)]
    filled = [bool(analysis[name].notna().any()) for name in shown["column"]]
    shown = shown[filled]
    discrete = [str(name) for name in shown.loc[shown["kind"] != "continuous", "column"]]
    continuous = [str(name) for name in shown.loc[shown["kind"] == "continuous", "column"]]
    levels = {
        row["column"]: str(row["levels"]).split("|") for row in shown.to_dict("records") if row["column"] in discrete
    }
    data = analysis[["rp", *shown["column"]]].copy()
    data["rp"] = data["rp"].map({1: "1", 0: "0"}).astype("object")
    data[continuous] = data[continuous].astype("float64")
    printed = TableOne(
        data,
        columns=list(shown["column"]),
        categorical=discrete,
        continuous=continuous,
        nonnormal=continuous,
        groupby="rp" if data["rp"].notna().any() else None,
        order=levels,
        decimals=1,
        pval=False,
        include_null=False,
    ).tableone
    printed.columns = [str(column[-1]) if isinstance(column, tuple) else str(column) for column in printed.columns]
    return _tidy(printed, shown)


def _tidy(printed: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    """Turn the printed table into one row per variable and level."""
    entries = {f"{row['column']},": row for row in shown.to_dict("records")}
    rows = [{"variable": "n", "label": "Patients", "level": None, "missing": None} | _cells(printed.iloc[0])]
    for index, cells in printed.iloc[1:].iterrows():
        name, level = cast("tuple[str, str]", index)
        entry = entries[f"{name.rpartition(', ')[0]},"]
        label = entry["label"] if not isinstance(entry["unit"], str) else f"{entry['label']}, {entry['unit']}"
        first = not any(row["variable"] == entry["column"] for row in rows)
        row = {"variable": entry["column"], "label": label, "level": level or None}
        rows.append(row | {"missing": str(cells["Missing"]) if first else None} | _cells(cells))
    return pd.DataFrame(rows, columns=list(TABLE1.columns), dtype="object")


def _cells(cells: pd.Series) -> dict[str, str]:
    return {name: str(cells.get(group, "")) or "0" for name, group in GROUPS.items()}


def tabulate_flow(analysis: pd.DataFrame, exclusions: pd.DataFrame) -> pd.DataFrame:
    """Give the flow of patients from the list to the binary analyses."""
    status = analysis["rp_status"].value_counts()
    rows: list[tuple[str, int, str | None]] = [("listed", len(analysis) + len(exclusions), None)]
    for (stage, reason), group in exclusions.groupby(["stage", "reason"], sort=True):
        rows.append((f"excluded: {stage}", len(group), str(reason)))
    rows += [
        ("analysed", len(analysis), None),
        ("death before the end of the window", int(status.get("competing", 0)), "neither RP nor its absence"),
        ("follow-up ended before the end of the window", int(status.get("censored", 0)), "neither RP nor its absence"),
        ("in binary analyses", int(analysis["rp"].notna().sum()), None),
        ("with RP", int(status.get("yes", 0)), None),
        ("without RP", int(status.get("no", 0)), None),
    ]
    return pd.DataFrame(rows, columns=["step", "n", "reason"]).astype({"n": "int64"})


def tabulate_missing(analysis: pd.DataFrame, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Count the missing values of every factor; dates that need not exist are left out."""
    rows = []
    for row in dictionary.to_dict("records"):
        if row["kind"] in {"binary", "categorical", "continuous"} and not row["column"].endswith(LIMIT_FLAGS):
            missing = int(analysis[row["column"]].isna().sum())
            rows.append((row["column"], row["label"], len(analysis), missing, 100.0 * missing / max(len(analysis), 1)))
    return pd.DataFrame(rows, columns=list(MISSING.columns))
