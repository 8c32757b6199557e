"""A fit of this program (fit.json) as a model that is applied to other cases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.special import logit, ndtri

from lungtox.errors import Fault, InputError, count_of
from lungtox.ntcp.config import OF_THE_LATENCY
from lungtox.ntcp.published import Kind, PublishedModel
from lungtox.ntcp.records import PARAMETERS, parameter_faults
from lungtox.tables import read_csv

if TYPE_CHECKING:
    import pandas as pd

APPLICABLE = ("lkb", "logistic", "log_logistic", "relative_seriality")
CODE = "ntcp-fit-file"
CURVE = "curve.csv"
LINKS = {"lkb": ndtri, "logistic": logit}
SURE = 1e-6  # a limit at 0 or 1 has no place on the link scale


def read_fitted_model(path: str | Path) -> PublishedModel:
    """Read fit.json of a cohort run and give its model, with the covariance that the band of its curve shows.

    Parameters
    ----------
    path : str or Path
        ``results/ntcp/{name}/fit.json`` (docs/file-contracts.md) or its folder, with curve.csv beside it. Of a fit with
        times NTCP is that at complete follow-up.

    Raises
    ------
    InputError
        Not such a file, a fit that did not converge, a form or covariates that cannot be applied to a single case, or
        parameters outside their bounds.
    """
    path = Path(path)
    path = path / "fit.json" if path.is_dir() else path
    if not path.is_file():
        raise InputError(Fault("--fit", "the fit.json of a run", "no such file", "Check the path.", CODE))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        content = None
    if not isinstance(content, dict) or not {"ntcp", "model", "structure", "parameters"} <= set(content):
        action = "Give results/ntcp/{name}/fit.json of a run."
        raise InputError(Fault("--fit", "the fit.json of an NTCP model", "another file", action, CODE))
    beside = path.with_name(CURVE)
    return fitted_model(content, curve=read_csv(beside) if beside.is_file() else None)


def fitted_model(content: Mapping[str, Any], *, curve: pd.DataFrame | None = None) -> PublishedModel:
    """Give the model that the content of fit.json describes; errors as `read_fitted_model`.

    Parameters
    ----------
    content : mapping
    curve : DataFrame, optional
        curve.csv of the same fit: ``dose_gy, ntcp, low, high``. Its band gives the covariance of the parameters.
    """
    name, form = str(content["ntcp"]), str(content["model"])
    who = f"fit {name}"
    if content.get("finding") or not content.get("converged"):
        found = str(content.get("finding") or "a fit that did not converge")
        raise InputError(Fault(who, "a converged fit", found, "Use another model of the run.", CODE))
    # Those of the latency say when, not whether.
    estimates = [
        item for item in content["parameters"]
        if not (item.get("derived") or item["parameter"] in OF_THE_LATENCY) and item["estimate"] is not None
    ]  # fmt: skip
    parameters = {str(item["parameter"]): float(item["estimate"]) for item in estimates}
    if form not in APPLICABLE or content.get("metric") or set(parameters) - {*PARAMETERS[form], "n"}:
        found = f"{form} with {', '.join(parameters)}"
        action = "Models with covariates, and other forms, are applied in Python from their predictions."
        raise InputError(Fault(who, f"{', '.join(APPLICABLE)} on dose alone", found, action, CODE))
    if faults := parameter_faults(who, form, parameters):
        raise InputError(faults)
    free_n = any(item["parameter"] == "n" and not item.get("fixed") for item in estimates)
    covariance, absent = _covariance(form, free_n, content, curve)
    dose_range = content.get("dose_range_gy")
    alpha_beta = content.get("alpha_beta_gy")
    cohort = f"{count_of(int(content['n']), 'patient')}, {int(content['events'])} with pneumonitis"
    return PublishedModel(
        name=name,
        label=f"{name}, fitted to {'delivered dose of ' if content.get('dose') == 'delivered' else ''}{cohort}",
        model=cast(Kind, form),
        parameters=parameters,
        intervals={},
        factors=(),
        endpoint=f"endpoint of that run{', at complete follow-up' if content.get('time') else ''}",
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
        covariance=covariance,
        covariance_absent=absent,
        dose_range_gy=None if not dose_range else (float(dose_range[0]), float(dose_range[1])),
    )


def _covariance(
    form: str, free_n: bool, content: Mapping[str, Any], curve: pd.DataFrame | None
) -> tuple[tuple[float, float, float] | None, str]:
    """Give the covariance of c0 and c1 from the width of the band, which is quadratic in dose on the link scale."""
    if form not in LINKS:
        return None, f"not made for fits of {form}"
    if free_n:
        return None, "n was estimated too, and fit.json does not hold how it moves with the others"
    if curve is None:
        return None, f"{CURVE} does not stand beside fit.json"
    inside = curve[(curve["low"] > SURE) & (curve["high"] < 1.0 - SURE)]
    if (dose_range := content.get("dose_range_gy")) is not None:
        inside = inside[inside["dose_gy"].between(dose_range[0], dose_range[1])]
    dose = inside["dose_gy"].to_numpy(dtype=float)
    if dose.size < 3:
        return None, f"{CURVE} has no band between the doses of the cohort"
    low, middle, high = (LINKS[form](inside[name].to_numpy(dtype=float)) for name in ("low", "ntcp", "high"))
    # The wider side: the other may have ended where risk would fall with dose.
    width = np.maximum(middle - low, high - middle) / float(ndtri(0.5 * (1.0 + float(content.get("confidence", 0.95)))))
    v11, twice, v00 = np.polyfit(dose, width**2, 2)
    if not (v00 > 0 and v11 > 0 and (0.5 * twice) ** 2 < v00 * v11):
        return None, f"the band of {CURVE} is not that of two parameters"
    return (float(v00), 0.5 * float(twice), float(v11)), ""
