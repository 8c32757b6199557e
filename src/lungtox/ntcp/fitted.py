"""A fit of this program (fit.json) as a model that is applied to other cases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from lungtox.errors import Fault, InputError, count_of
from lungtox.ntcp.published import Kind, PublishedModel
from lungtox.ntcp.records import BOUNDS, PARAMETERS, parameter_faults

APPLICABLE = ("lkb", "logistic", "log_logistic", "relative_seriality")
CODE = "ntcp-fit-file"


def read_fitted_model(path: str | Path) -> PublishedModel:
    """Read fit.json of a cohort run and give its model, with the intervals of its parameters.

    Parameters
    ----------
    path : str or Path
        ``results/ntcp/{name}/fit.json`` (docs/file-contracts.md).

    Raises
    ------
    InputError
        Not such a file, a fit that did not converge, a form or covariates that cannot be applied to a single case, or
        parameters outside their bounds.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(Fault("--fit", "the fit.json of a run", "no such file", "Check the path.", CODE))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        content = None
    if not isinstance(content, dict) or not {"ntcp", "model", "structure", "parameters"} <= set(content):
        action = "Give results/ntcp/{name}/fit.json of a run."
        raise InputError(Fault("--fit", "the fit.json of an NTCP model", "another file", action, CODE))
    return fitted_model(content)


def fitted_model(content: Mapping[str, Any]) -> PublishedModel:
    """Give the model that the content of fit.json describes; errors as `read_fitted_model`."""
    name, form = str(content["ntcp"]), str(content["model"])
    who = f"fit {name}"
    if content.get("finding") or not content.get("converged"):
        found = str(content.get("finding") or "a fit that did not converge")
        raise InputError(Fault(who, "a converged fit", found, "Use another model of the run.", CODE))
    estimates = [item for item in content["parameters"] if not item.get("derived") and item["estimate"] is not None]
    parameters = {str(item["parameter"]): float(item["estimate"]) for item in estimates}
    if form not in APPLICABLE or set(parameters) - {*PARAMETERS[form], "n"}:
        found = f"{form} with {', '.join(parameters)}"
        action = "Models with covariates, and other forms, are applied in Python from their predictions."
        raise InputError(Fault(who, f"{', '.join(APPLICABLE)} on dose alone", found, action, CODE))
    if faults := parameter_faults(who, form, parameters):
        raise InputError(faults)
    intervals = {item["parameter"]: limits for item in estimates if (limits := _limits(item)) is not None}
    dose_range = content.get("dose_range_gy")
    alpha_beta = content.get("alpha_beta_gy")
    cohort = f"{count_of(int(content['n']), 'patient')}, {int(content['events'])} with pneumonitis"
    return PublishedModel(
        name=name,
        label=f"{name}, fitted to {cohort}",
        model=cast(Kind, form),
        parameters=parameters,
        intervals=intervals,
        factors=(),
        endpoint="endpoint of that run",
        structures=(str(content["structure"]),),
        quantity=content.get("quantity", "physical"),
        alpha_beta_gy=() if alpha_beta is None else (float(alpha_beta),),
        fractionation="that of the run's cohort, taken as conventional",
        citation=f"fit {name} of a lungtox run",
        doi="",
        status="fit",
        checked=f"{content.get('interval', 'profile likelihood')} intervals of {cohort}",
        note=" ".join(str(text) for text in content.get("warnings") or ()),
        default_ok=True,
        weighting=str(content.get("weighting", "anatomical")),
        interval_level=float(content.get("confidence", 0.95)),
        fixed=tuple(item["parameter"] for item in estimates if item.get("fixed")),
        dose_range_gy=None if not dose_range else (float(dose_range[0]), float(dose_range[1])),
    )


def _limits(item: Mapping[str, Any]) -> tuple[float, float] | None:
    """Give the interval of an estimate; one at its boundary ends there, an open one has none."""
    if item.get("fixed"):
        return None
    low, high = item.get("low"), item.get("high")
    if item.get("at_boundary"):
        estimate, (lowest, highest) = float(item["estimate"]), BOUNDS[item["parameter"]]
        low = estimate if low is None and estimate <= lowest else low
        high = estimate if high is None and estimate >= highest else high
    return None if low is None or high is None else (float(low), float(high))
