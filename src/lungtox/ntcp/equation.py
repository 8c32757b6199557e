"""An updated model in the terms of the literature: TD50, m, gamma50, and the whole expression."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lungtox.ntcp.linear_form import RISK, LinearForm

Floats = NDArray[np.float64]


def literature_values(form: LinearForm, intercept: float, coefficients: Floats) -> dict[str, float]:
    """Give TD50 with m (LKB) or gamma50 (logistic) of a linear predictor, for the reference patient.

    Empty where they are not defined: no dose among the predictors, a factor without a reference (per unit, such as
    age), a risk that does not rise with the dose, or one of at least 50 % at no dose.
    """
    slope = float(coefficients[0])
    if not form.has_dose or any(factor.per_unit for factor in form.model.factors) or slope <= 0.0 or intercept >= 0.0:
        return {}
    steepness = {"m": -1.0 / intercept} if form.link == "probit" else {"gamma50": -intercept / 4.0}
    return {"td50_gy": -intercept / slope, **steepness}


def dose_words(form: LinearForm) -> str:
    """Say what D stands for."""
    n = form.model.parameters.get("n", 1.0)
    summary = "mean" if n == 1.0 else f"gEUD (n = {n:g})"
    quantity = "physical dose" if form.model.quantity == "physical" else "EQD2"
    return f"{summary} {quantity} in Gy" if n == 1.0 else f"{summary} of the {quantity} in Gy"


def write_equation(form: LinearForm, intercept: float, coefficients: Floats) -> str:
    """Write a linear predictor as an expression that can be computed by hand, with five figures.

    Parameters
    ----------
    form : LinearForm
    intercept : float
    coefficients : ndarray, shape (predictors,)
    """
    names = ["D" if term == "dose_gy" else "logit(NTCP as published)" if term == RISK else term for term in form.terms]
    terms = " ".join(_signed(value, name) for value, name in zip(coefficients, names, strict=True))
    predictor = f"{intercept:.5g} {terms}"
    text = f"NTCP = Phi({predictor})" if form.link == "probit" else f"logit(NTCP) = {predictor}"
    if not form.has_dose:
        return text
    values = literature_values(form, intercept, coefficients)
    return "; ".join([f"{text}, D = {dose_words(form)}", *written_values(values)])


def written_values(values: Mapping[str, float]) -> list[str]:
    """Write TD50 and the steepness."""
    symbols = {"td50_gy": ("TD50", " Gy"), "m": ("m", ""), "gamma50": ("gamma50", "")}
    return [f"{symbols[name][0]} = {value:.4g}{symbols[name][1]}" for name, value in values.items()]


def _signed(value: float, name: str) -> str:
    return f"{'-' if value < 0 else '+'} {abs(value):.5g} {name}"
