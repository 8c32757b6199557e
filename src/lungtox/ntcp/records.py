"""The records of published.toml as plain values, each parameter inside its bounds."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lungtox.errors import Fault
from lungtox.ntcp.factors import Factor

RECORDS = "published.toml"

PARAMETERS: dict[str, tuple[str, ...]] = {
    "lkb": ("td50_gy", "m", "n"),
    "logistic": ("b0", "b1"),
    "logistic_d50": ("td50_gy", "gamma50"),
    "log_logistic": ("td50_gy", "gamma50"),
    "relative_seriality": ("d50_gy", "gamma", "s"),
}
"""Parameters by form of the model; n (the mean dose when 1) may stand with any form that sees gEUD."""

BOUNDS: dict[str, tuple[float, float]] = {
    "td50_gy": (0.1, 1000.0),
    "d50_gy": (0.1, 1000.0),
    "m": (0.02, 10.0),
    "n": (0.01, 1.0),
    "gamma50": (0.001, 50.0),
    "gamma": (0.001, 50.0),
    "s": (1e-6, 10.0),
    "b0": (-200.0, 200.0),
    "b1": (0.0, 5.0),
}
"""What a parameter can be; TD50, m, n, b0, b1 as `fit_ntcp` searches them."""


def read_records() -> dict[str, dict[str, Any]]:
    """Give the fields of each published model by name, in the order of published.toml."""
    records = tomllib.loads((Path(__file__).parent / RECORDS).read_text(encoding="utf-8"))
    return {name: _fields(record) for name, record in records.items()}


def parameter_faults(who: str, model: str, parameters: Mapping[str, float]) -> list[Fault]:
    """Find parameters that are missing, not known or outside their bounds.

    Parameters
    ----------
    who : str
        What the message calls the model.
    model : str
        A form of `PARAMETERS`.
    parameters : mapping
        Names of the literature -> values; doses in Gy.
    """
    needed, given = set(PARAMETERS[model]) - {"n"}, set(parameters)
    faults = []
    if needed - given or given - needed - {"n"}:
        expected = f"the parameters {', '.join(PARAMETERS[model])}"
        found = ", ".join(parameters) or "none"
        faults.append(Fault(who, expected, found, "Correct the names.", "ntcp-parameter"))
    for name, value in parameters.items():
        low, high = BOUNDS.get(name, (-math.inf, math.inf))
        if not low <= value <= high:
            action = "Doses are in Gy; check the number at its source."
            faults.append(Fault(who, f"{name} from {low:g} to {high:g}", f"{value:g}", action, "ntcp-parameter"))
    return faults


def _fields(record: Mapping[str, Any]) -> dict[str, Any]:
    content = dict(record)
    content["parameters"] = {key: float(value) for key, value in content["parameters"].items()}
    content["intervals"] = {key: (float(low), float(high)) for key, (low, high) in content.get("intervals", {}).items()}
    content["factors"] = tuple(_factor(item) for item in content.get("factors", []))
    content["structures"] = tuple(content["structures"])
    content["alpha_beta_gy"] = tuple(float(value) for value in content.get("alpha_beta_gy", []))
    content.setdefault("note", "")
    content.setdefault("doi", "")
    return content


def _factor(item: Mapping[str, Any]) -> Factor:
    coefficient = item["coefficient"] if "coefficient" in item else math.log(item["odds_ratio"])
    return Factor(
        name=item["name"],
        column=item["column"],
        coefficient=float(coefficient),
        levels=tuple(item.get("levels", [])),
        known=tuple(item.get("known", [])),
        above=item.get("above"),
        per_unit=bool(item.get("per_unit", False)),
    )
