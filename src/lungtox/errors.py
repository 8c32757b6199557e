"""The errors that lungtox raises on purpose.

Every message says who is concerned, what was expected, what was found and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class LungtoxError(Exception):
    """Base of every error that lungtox raises on purpose."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    Attributes
    ----------
    who : str
        Study ID, table and row, or config key. Never a patient identifier, never a hospital path.
    expected, found, action : str
        What was expected, what was found instead, and what the user can do about it.
    code : str
        Short stable name of the kind of fault, such as ``"dose-coverage"``.
    """

    who: str
    expected: str
    found: str
    action: str
    code: str = "input"

    def __str__(self) -> str:
        return f"{self.who}: expected {self.expected}; found {self.found}. {self.action}"


class InputError(LungtoxError):
    """An input cannot be used. Carries all faults that were found, not only the first."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class ParameterError(LungtoxError, ValueError):
    """A value handed to a function is outside what its docstring allows."""


class FitError(LungtoxError):
    """A model cannot be fitted to these data (one outcome class, constant predictor, no convergence)."""


def count_of(number: int, one: str, many: str | None = None) -> str:
    """Give ``1 patient``, ``3 patients``."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
