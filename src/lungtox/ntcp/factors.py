"""Patient factors of published models: a clinical value becomes a term of the log-odds."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Factor:
    """One term of the log-odds.

    Attributes
    ----------
    name, column : str
        What the paper calls it, and the column of clinical.csv that it reads.
    coefficient : float
        Log odds ratio; per unit of the column where ``per_unit``.
    levels, known : tuple of str
        Levels with the factor, and all levels whose meaning is known; others ("unknown") give no term.
    above : float or None
        The factor is present above this value.
    per_unit : bool
    """

    name: str
    column: str
    coefficient: float
    levels: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    above: float | None = None
    per_unit: bool = False

    @property
    def expected(self) -> str:
        """Say which values the column may have."""
        return "as one of " + ", ".join(self.known) if self.known else "as a number"

    def describe(self) -> str:
        """Say what the factor means, for a list of models."""
        if self.per_unit:
            return f"{self.column}: {self.coefficient:+g} per unit on the log-odds"
        what = f"> {self.above:g}" if self.above is not None else " or ".join(self.levels)
        return f"{self.column} {what}: odds ratio {math.exp(self.coefficient):.2f}"

    def term(self, value: object) -> float | None:
        """Give the term of the log-odds; None where the value is missing or its meaning not known."""
        if self.known:
            text = str(value)
            if text not in self.known:
                return None
            return self.coefficient if text in self.levels else 0.0
        number = _number(value)
        if number is None:
            return None
        if self.per_unit:
            return self.coefficient * number
        return self.coefficient if self.above is not None and number > self.above else 0.0


def _number(value: object) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
