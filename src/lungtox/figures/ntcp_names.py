"""Names of fitted NTCP models and of their dose, for panels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lungtox.figures.labels import weighting_label

MODEL_NAMES = {
    "lkb": "LKB",
    "mean_dose_probit": "Mean-dose probit",
    "parallel": "Parallel",
    "logistic": "Logistic",
    "loglogistic": "Log-logistic",
    "log_logistic": "Log-logistic",
    "relative_seriality": "Relative seriality",
}
WITHOUT_GEUD = ("relative_seriality", "parallel")


def _fixed_n(fit: Mapping[str, Any]) -> float | None:
    return (fit.get("fixed") or {}).get("n")


def is_mean_dose(fit: Mapping[str, Any]) -> bool:
    """Say whether a fit is a function of the mean dose."""
    if fit.get("metric"):
        return False
    model = str(fit["model"])
    return _fixed_n(fit) == 1 or model == "mean_dose_probit" or (model == "logistic" and _fixed_n(fit) is None)


def fit_title(fit: Mapping[str, Any]) -> str:
    """Give model, covariates, what is fixed, and structure, on two lines."""
    name = MODEL_NAMES.get(str(fit["model"]), str(fit["model"]))
    # The logistic model has no volume parameter of its own: n = 1 says that its dose is the mean dose.
    hidden = {"n"} if fit["model"] == "logistic" and is_mean_dose(fit) else set()
    fixed = ", ".join(f"{key} = {value:g}" for key, value in (fit.get("fixed") or {}).items() if key not in hidden)
    factors = f" with {', '.join(fit['covariates'])}" if fit.get("covariates") else ""
    factors += ", complete follow-up" if fit.get("time") else ""
    structure = f"{fit['structure']}, {weighting_label(str(fit['weighting']))}"
    structure += ", delivered" if fit.get("dose") == "delivered" else ""
    return f"{name}{factors}{f', {fixed} fixed' if fixed else ''}\n{structure}"


def dose_name(fit: Mapping[str, Any]) -> str:
    """Give the label of the dose axis."""
    quantity = f", EQD2 (\N{GREEK SMALL LETTER ALPHA}/\N{GREEK SMALL LETTER BETA} {fit['alpha_beta_gy']:g} Gy)" if (
        fit["quantity"] == "eqd2" and fit.get("alpha_beta_gy")
    ) else ""  # fmt: skip
    if fit.get("metric"):
        return f"{fit['metric']}{quantity}"
    name = "Mean dose" if is_mean_dose(fit) else "Equivalent uniform dose" if fit["model"] in WITHOUT_GEUD else "gEUD"
    return f"{name}{', adjusted' if fit.get('covariates') else ''}{quantity} (Gy)"
