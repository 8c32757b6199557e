"""Labels, units and steps of factors as the data dictionary states them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungtox.models.encoding import INTERCEPT, Encoding
from lungtox.models.transforms import Transform

if TYPE_CHECKING:
    import pandas as pd


def column_label(column: str, dictionary: pd.DataFrame | None) -> str:
    """Give the printed name of a column, or the column itself."""
    return _entry(column, "label", dictionary) or column


def column_unit(column: str, dictionary: pd.DataFrame | None) -> str:
    """Give the unit of a column, or an empty string."""
    return _entry(column, "unit", dictionary)


def term_label(term: str, encoding: Encoding, dictionary: pd.DataFrame | None) -> str:
    """Give the printed name of a model term, such as ``Mean lung dose (per 1 Gy)`` or ``Smoking: current v never``."""
    if term == INTERCEPT:
        return term
    if " * " in term:
        return " x ".join(term_label(part, encoding, dictionary) for part in term.split(" * "))
    for predictor, transform in encoding.transforms.items():
        if term in transform.terms(predictor):
            return f"{column_label(predictor, dictionary)} ({_transformed(term, predictor, transform, dictionary)})"
    for predictor, levels in encoding.levels.items():
        for level in levels[1:]:
            if term == f"{predictor}[{level}]":
                return f"{column_label(predictor, dictionary)}: {level} v {levels[0]}"
    return f"{column_label(term, dictionary)} ({per_step(1.0, column_unit(term, dictionary))})"


def _transformed(term: str, predictor: str, transform: Transform, dictionary: pd.DataFrame | None) -> str:
    unit = column_unit(predictor, dictionary)
    if transform.kind == "per":
        return per_step(transform.scale, unit)
    if transform.kind == "spline":
        terms = transform.terms(predictor)
        return f"spline term {terms.index(term) + 1} of {len(terms)}"
    words = {"log": "per unit of the natural logarithm", "sqrt": "per unit of the square root",
             "square": "per unit of the square", "standardise": "per standard deviation"}  # fmt: skip
    return words[transform.kind]


def per_step(step: float, unit: str) -> str:
    """Give ``per 5 Gy``, ``per 10 years``, ``per 1``."""
    return f"per {step_text(step, unit)}"


def step_text(step: float, unit: str) -> str:
    """Give ``5 Gy``, ``10 years``, ``1``."""
    if step == 1.0 and unit == "years":
        unit = "year"
    return f"{step:g} {unit}".strip()


def _entry(column: str, field: str, dictionary: pd.DataFrame | None) -> str:
    if dictionary is None or field not in dictionary:
        return ""
    found = dictionary.loc[dictionary["column"] == column, field]
    return str(found.iloc[0]) if len(found) and isinstance(found.iloc[0], str) else ""


def column_kind(column: str, dictionary: pd.DataFrame | None) -> str:
    """Give the kind of a column (binary, categorical, continuous, ...), or an empty string."""
    return _entry(column, "kind", dictionary)
