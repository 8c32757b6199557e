"""What a paper found of each factor, beside what this cohort shows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.models.printed import check_printed
from lungtox.models.printed_numbers import printed_p
from lungtox.models.printed_schemas import PRINTED_CHECKS, PRINTED_FINDINGS
from lungtox.table_schemas import checked

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("finding", "source", "name", "row", "direction", "p", "rp", "no_rp")
DIRECTIONS = ("higher", "lower", "")
LEVEL = 0.05
OUTCOME = "rp"


@dataclass(frozen=True)
class ResultTables:
    """The results of a cohort that findings are looked up in.

    Attributes
    ----------
    analysis, univariable, strata, pairs : DataFrame
    cytokines, cytokine_models : DataFrame or None
    fits : dict of str to dict
        Model -> content of its fit.json.
    """

    analysis: pd.DataFrame
    univariable: pd.DataFrame
    strata: pd.DataFrame
    pairs: pd.DataFrame
    cytokines: pd.DataFrame | None
    cytokine_models: pd.DataFrame | None
    fits: Mapping[str, Mapping[str, Any]]


def compare_findings(printed: pd.DataFrame, tables: ResultTables) -> pd.DataFrame:
    """Put each printed finding beside that of this cohort.

    Parameters
    ----------
    printed : DataFrame of text
        `finding` in words; `source` and `name` say where to look: ``factor`` (a column), ``cytokine`` (`row`: the
        comparison), ``correlation`` (a cytokine), ``stratum`` (a column; `row`: the stratum), ``pair`` (two scores,
        separated by a space), ``model`` (a model; `row`: the predictor). `direction`: higher or lower with RP (of a
        pair: the second AUC), empty where none is printed; `p` as printed; `rp`, `no_rp`: printed means.
    tables : ResultTables

    Returns
    -------
    DataFrame
        One row per finding: figures of this cohort, and the verdict. A finding is as printed where it falls on the same
        side of p = .05 and, where it is significant and a direction is printed, has that direction. A predictor that
        a selection dropped counts as not significant.

    Raises
    ------
    InputError
        With all faults: columns or words that are not known, findings of which there is no result.
    """
    import pandas as pd

    unknown = sorted(set(printed.columns) - set(COLUMNS))
    if unknown or not {"finding", "source", "name", "p"} <= set(printed.columns):
        expected = f"columns among {', '.join(COLUMNS)}"
        raise InputError(Fault("printed findings", expected, ", ".join(printed.columns), "Correct them.", "printed"))
    rows, faults = [], []
    for line, row in enumerate(printed.reindex(columns=list(COLUMNS), fill_value="").to_dict("records"), start=2):
        cells = {str(name): str(cell).strip() for name, cell in row.items()}
        try:
            rows.append(_compare(cells, tables))
        except (ParameterError, ValueError) as error:
            who = f"printed findings, line {line}"
            faults.append(Fault(who, "a finding that this analysis has", str(error), "Correct it.", "printed"))
    if faults:
        raise InputError(faults)
    return PRINTED_FINDINGS.validate(pd.DataFrame(rows, columns=list(PRINTED_FINDINGS.columns)), lazy=True)


def no_findings() -> pd.DataFrame:
    """Give the table of findings without rows."""
    import pandas as pd

    return pd.DataFrame(columns=list(PRINTED_FINDINGS.columns))


def tabulate_checks(figures: pd.DataFrame | None) -> pd.DataFrame:
    """Give the checks of printed figures (text, as printed) as a table; without figures it has no rows."""
    import pandas as pd

    rows = [] if figures is None else figures.fillna("").to_dict("records")
    checks = check_printed([{str(name): str(cell) for name, cell in row.items()} for row in rows]) if rows else []
    table = pd.DataFrame([asdict(check) for check in checks], columns=list(PRINTED_CHECKS.columns))
    return checked(table, PRINTED_CHECKS)


def _compare(cells: Mapping[str, str], tables: ResultTables) -> dict[str, Any]:
    if cells["direction"] not in DIRECTIONS:
        raise ParameterError(f"direction {cells['direction']!r}, not higher, lower or empty")
    look_up = LOOK_UPS.get(cells["source"])
    if look_up is None:
        raise ParameterError(f"source {cells['source']!r}, not one of {', '.join(LOOK_UPS)}")
    found = {"effect_name": "", "effect": math.nan, "low": math.nan, "high": math.nan, "q": math.nan, "direction": ""}
    found |= look_up(cells["name"], cells["row"], tables)
    means: dict[str, float] = {}
    for group, outcome in (("rp", 1), ("no_rp", 0)):
        means[f"printed_{group}"] = float(cells[group]) if cells[group] else math.nan
        has_means = cells[group] and cells["source"] == "factor"
        own = tables.analysis.loc[tables.analysis[OUTCOME] == outcome, cells["name"]] if has_means else None
        means[group] = math.nan if own is None else float(own.mean())
    return {
        "finding": cells["finding"], "source": cells["source"], "printed_direction": cells["direction"],
        "printed_p": cells["p"], **means, **found, "verdict": _verdict(cells, found),
    }  # fmt: skip


def _verdict(cells: Mapping[str, str], found: Mapping[str, Any]) -> str:
    stated, p = printed_p(cells["p"]), found["p"]
    if math.isnan(p):
        # A predictor that a selection dropped has no p value; a test that could not be done has none either.
        if found["effect_name"] != DROPPED:
            return "not tested"
        return "as printed" if stated.low >= LEVEL else "significance differs"
    significant = stated.high <= LEVEL
    if significant != (p < LEVEL):
        return "significance differs"
    if significant and cells["direction"] and found["direction"] != cells["direction"]:
        return "direction differs"
    return "as printed"


def _row_of(table: pd.DataFrame | None, wanted: Mapping[str, str]) -> dict[str, Any]:
    rows = (
        []
        if table is None
        else table.loc[(table[list(wanted)] == list(wanted.values())).all(axis=1)].to_dict("records")
    )
    if not rows:
        raise ParameterError(f"no result of {' '.join(word for word in wanted.values() if word)}")
    return {str(name): cell for name, cell in rows[0].items()}


def _figures(row: Mapping[str, Any], name: str, *, neutral: float) -> dict[str, Any]:
    effect = float(row["effect"])
    direction = "" if math.isnan(effect) else "higher" if effect > neutral else "lower"
    return {
        "effect_name": name,
        **{key: float(row[key]) for key in ("effect", "low", "high", "p")},
        "direction": direction,
    }


def _odds_words(unit: str) -> str:
    return f"OR, {unit}" if " v " in unit else f"OR per {unit}" if unit else "OR"


def _factor(name: str, row: str, tables: ResultTables) -> dict[str, Any]:
    found = _row_of(tables.univariable, {"factor": name})
    levels = int((tables.univariable["factor"] == name).sum())
    if levels > 1:  # several levels have no single effect
        return {"effect_name": f"{levels + 1} levels", "p": float(found["p"]), "q": float(found["q"])}
    unit = found["unit"] if isinstance(found["unit"], str) else ""
    return {**_figures(found, _odds_words(unit), neutral=1.0), "q": float(found["q"])}


def _cytokine(name: str, row: str, tables: ResultTables) -> dict[str, Any]:
    found = _row_of(tables.cytokines, {"cytokine": name, "comparison": row})
    paired = row.startswith("paired")
    words = "ratio during / pre" if paired else "RP - no RP"
    return {**_figures(found, words, neutral=1.0 if paired else 0.0), "q": float(found["q"])}


def _correlation(name: str, row: str, tables: ResultTables) -> dict[str, Any]:
    found = _row_of(tables.cytokine_models, {"cytokine": name, "analysis": "correlation"})
    return _figures(found, "rank correlation", neutral=0.0)


def _stratum(name: str, row: str, tables: ResultTables) -> dict[str, Any]:
    found = _row_of(tables.strata, {"factor": name, "row": "stratum", "stratum": row})
    return _figures(found, _odds_words(str(found["unit"])), neutral=1.0)


def _pair(name: str, row: str, tables: ResultTables) -> dict[str, Any]:
    a, _, b = name.partition(" ")
    found = _row_of(tables.pairs, {"score_a": a, "score_b": b})
    # As the table has it: the first less the second; the finding is about the second.
    sides = {"effect": -found["difference"], "low": -found["high"], "high": -found["low"], "p": found["p"]}
    return _figures(sides, "difference of AUCs", neutral=0.0)


def _model(name: str, row: str, tables: ResultTables) -> dict[str, Any]:
    fit = tables.fits.get(name)
    if fit is None or row not in fit.get("predictors", ()):
        raise ParameterError(f"no predictor {row!r} of a model {name!r}")
    if row not in fit.get("chosen", fit["predictors"]):
        return {"effect_name": DROPPED, "p": math.nan}
    own = [one for one in fit.get("estimates", ()) if one["term"] == row or one["term"].startswith(f"{row}[")]
    if len(own) != 1:
        joint = [one["p"] for one in fit.get("joint", ()) if one["name"] == row]
        return {"effect_name": "several terms", "p": float(joint[0]) if joint else math.nan}
    limits = {key: math.nan if own[0][key] is None else math.exp(own[0][key]) for key in ("estimate", "low", "high")}
    figures = {"effect": limits["estimate"], "low": limits["low"], "high": limits["high"], "p": own[0]["p"]}
    return _figures(figures, f"OR in model {name}", neutral=1.0)


DROPPED = "dropped by the selection"
LOOK_UPS = {
    "factor": _factor,
    "cytokine": _cytokine,
    "correlation": _correlation,
    "stratum": _stratum,
    "pair": _pair,
    "model": _model,
}
