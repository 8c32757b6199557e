"""Published NTCP models: read from published.toml, applied only to what they were made for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.ntcp import formulas
from lungtox.ntcp.factors import Factor
from lungtox.ntcp.matrix import dose_matrix
from lungtox.ntcp.records import read_records

if TYPE_CHECKING:
    from lungtox.dose import Dvh
    from lungtox.ntcp.config import NtcpSettings

Parameters = Mapping[str, float] | Mapping[str, NDArray[np.float64]]
Kind = Literal["lkb", "logistic", "logistic_d50", "log_logistic", "relative_seriality"]

NEARLY_MEAN = 0.015
HIGHEST_CONVENTIONAL_GY = 3.0  # per fraction to the target; hypofractionation and SBRT lie above
RESEARCH_USE = "Research use, not for treatment decisions."


@dataclass(frozen=True)
class Acceptance:
    """Whether a published model takes a DVH, and under which label.

    Attributes
    ----------
    status : {"applied", "converted", "allowed"}
        As published; on EQD2 made from physical dose; on a structure or fractionation that it does not list.
    note : str
    """

    status: Literal["applied", "converted", "allowed"]
    note: str


@dataclass(frozen=True)
class PublishedModel:
    """A published parameter set, or a fit of this program, with what it was made for.

    Attributes
    ----------
    name, label : str
    model : {"lkb", "logistic", "logistic_d50", "log_logistic", "relative_seriality"}
    parameters : dict
        Names of the literature; doses in Gy of the model's own quantity.
    intervals : dict
        Printed 95 % intervals, where there are any.
    factors : tuple of Factor
        Terms of the log-odds for patient factors.
    endpoint, fractionation, citation, checked, note, doi : str
    structures : tuple of str
        Canonical structures that the model accepts.
    quantity : {"physical", "eqd2"}
    alpha_beta_gy : tuple of float
        Accepted alpha/beta for eqd2; empty for physical.
    status : {"checked", "secondary", "memory", "mixed", "fit"}
        How far the numbers were checked; ``fit`` for a fit of this program.
    default_ok : bool
        False: used only when allowed by name.
    highest_fraction_gy : float
        Highest dose per fraction to the target (Gy) that the model lists.
    weighting : str
        ``anatomical``, or the functional weighting of a fit.
    covariance : tuple of float or None
        Of a fit: variance of c0, covariance, variance of c1, where risk is the link of c0 + c1 dose.
    covariance_absent : str
        Why a fit has none.
    dose_range_gy : tuple of float or None
        Range of the dose summary in the cohort of a fit.
    """

    name: str
    label: str
    model: Kind
    parameters: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    factors: tuple[Factor, ...]
    endpoint: str
    structures: tuple[str, ...]
    quantity: Literal["physical", "eqd2"]
    alpha_beta_gy: tuple[float, ...]
    fractionation: str
    citation: str
    doi: str
    status: Literal["checked", "secondary", "memory", "mixed", "fit"]
    checked: str
    note: str
    default_ok: bool
    highest_fraction_gy: float = HIGHEST_CONVENTIONAL_GY
    weighting: str = "anatomical"
    covariance: tuple[float, float, float] | None = None
    covariance_absent: str = ""
    dose_range_gy: tuple[float, float] | None = None

    @property
    def needs_dvh(self) -> bool:
        """Whether the mean dose alone is not enough; n = 0.99 is the mean within 1 % of the dose."""
        return self.model == "relative_seriality" or abs(self.parameters.get("n", 1.0) - 1.0) > NEARLY_MEAN

    def ntcp(
        self,
        dose: Dvh | float,
        factors: Mapping[str, object] | None = None,
        *,
        allow_structure: Collection[str] = (),
    ) -> float:
        """Give NTCP (0..1) of one patient.

        Parameters
        ----------
        dose : Dvh or float
            A DVH of an accepted structure in the model's dose quantity, or a mean dose in that quantity (Gy) for
            models that need no more.
        factors : mapping, optional
            Clinical columns of the patient, as in clinical.csv. A column that is left out is taken at its reference.
        allow_structure : collection of str
            Structures that the model does not list but may be applied to.

        Raises
        ------
        InputError
            Structure, weighting, quantity or alpha/beta that the model does not list; unusable factor value.
        """
        if isinstance(dose, (int, float, np.floating)):
            self.require_mean(float(dose))
            return float(self.risk_at(float(dose), factors))
        self.accept(dose, allow_structure=allow_structure)
        if self.model == "relative_seriality":
            return self.serial_risk(dose, self.parameters)
        return float(self.risk_at(self.dose_gy(dose), factors))

    def dose_gy(self, dvh: Dvh) -> float:
        """Give the dose summary that the model sees: gEUD with its n, or the mean dose."""
        return float(dose_matrix([dvh]).geud_gy(self.parameters.get("n", 1.0))[0])

    def ntcp_uniform(self, dose_gy: float, factors: Mapping[str, object] | None = None) -> float:
        """Give NTCP of a uniform dose in Gy, in the model's own quantity."""
        if self.model != "relative_seriality":
            return float(self.risk_at(dose_gy, factors))
        p = self.parameters
        return formulas.relative_seriality([dose_gy], [1.0], d50_gy=p["d50_gy"], gamma=p["gamma"], s=p["s"])

    def missing_factors(self, factors: Mapping[str, object]) -> list[str]:
        """Give the clinical columns that the model uses and that have no known value here."""
        return sorted({factor.column for factor in self.factors if factor.term(factors.get(factor.column)) is None})

    def accept(
        self,
        dvh: Dvh,
        *,
        allow_structure: Collection[str] = (),
        allow_unchecked: bool = True,
        fraction_gy: float | None = None,
        allow_fractionation: bool = False,
    ) -> Acceptance:
        """Say whether the model takes this DVH and this dose per fraction; raise InputError with the reason if not."""
        if not allow_unchecked:
            self.require_checked()
        if dvh.weighting != self.weighting:
            asked = "an anatomical DVH" if self.weighting == "anatomical" else f"a DVH of weighting {self.weighting}"
            raise self.refusal(asked, dvh.weighting, "A model sees the kind of DVH that it was fitted to.")
        self.require_quantity(dvh.quantity, dvh.alpha_beta_gy)
        unlisted = self.fractionation_note(fraction_gy)
        if unlisted and not allow_fractionation:
            raise self.fractionation_refusal(unlisted)
        listed = dvh.structure in self.structures
        if not listed and dvh.structure not in allow_structure:
            named = "" if self.status == "fit" else f", in the config under ntcp.allow_structure.{self.name}"
            action = (
                "To apply the model all the same, labelled so, allow it by name: on the command line with "
                f"--allow-structure {dvh.structure}{named}."
            )
            raise self.refusal(f"a DVH of {' or '.join(self.structures)}", dvh.structure, action)
        notes = [] if listed else [f"made for {' or '.join(self.structures)}, applied to {dvh.structure}"]
        notes += [f"{unlisted}: allowed by name"] if unlisted else []
        if self.quantity == "eqd2":
            notes.append(f"physical dose converted to EQD2 (alpha/beta {dvh.alpha_beta_gy:g} Gy)")
        if not self.default_ok:
            notes.append(f"numbers not fully checked: {self.checked}")
        status: Literal["applied", "converted"] = "converted" if self.quantity == "eqd2" else "applied"
        return Acceptance(status if listed and not unlisted else "allowed", "; ".join(notes))

    def require_quantity(self, quantity: str, alpha_beta_gy: float | None = None) -> None:
        """Refuse a dose of another quantity, or EQD2 with another alpha/beta: it is never fed in as it stands."""
        if quantity != self.quantity:
            action = (
                "Give the DVH in EQD2, or with --fractions (a mean of physical dose cannot be converted)."
                if self.quantity == "eqd2"
                else "Give the physical dose."
            )
            raise self.refusal(f"dose as {self.quantity}", quantity, action)
        if alpha_beta_gy is not None and self.alpha_beta_gy and alpha_beta_gy not in self.alpha_beta_gy:
            expected = "EQD2 with alpha/beta " + " or ".join(f"{value:g}" for value in self.alpha_beta_gy) + " Gy"
            raise self.refusal(expected, f"{alpha_beta_gy:g} Gy", "Make EQD2 with that alpha/beta (dose.eqd2).")

    def fractionation_note(self, fraction_gy: float | None) -> str:
        """Say when a dose per fraction (Gy, to the target) is above what the model was made for; else nothing."""
        # Totals divided by fractions: 3.0000001 is 3.
        if fraction_gy is None or fraction_gy <= self.highest_fraction_gy * (1.0 + 1e-6):
            return ""
        return f"{fraction_gy:.3g} Gy per fraction, but the model was made for: {self.fractionation}"

    def fractionation_refusal(self, found: str) -> InputError:
        """Give the refusal of a fractionation that the model does not list."""
        action = (
            "Use a model made for it; or apply this one all the same, labelled so: --allow-fractionation of "
            "`lungtox ntcp`, ntcp.allow_fractionation of the config."
        )
        return self.refusal(f"at most {self.highest_fraction_gy:g} Gy per fraction", found, action)

    def require_checked(self) -> None:
        """Refuse a model whose numbers were not checked."""
        if not self.default_ok:
            action = f"Check the paper, then name it under ntcp.allow_unchecked. {self.note}".strip()
            raise self.refusal("a model with checked numbers", f"{self.status}. {self.checked}", action)

    def require_mean(self, dose_gy: float) -> None:
        """Refuse a mean dose where the model needs the DVH, and one that cannot be in Gy."""
        if self.needs_dvh:
            raise self.refusal("a DVH", "a mean dose", "Give the whole DVH: this model sees more than the mean.")
        if not 0.0 <= dose_gy <= 200.0:
            raise self.refusal("a mean dose of 0 to 200 Gy", f"{dose_gy:g}", "Dose in cGy? Divide by 100.")

    def risk_at(
        self, dose_gy: Any, factors: Mapping[str, object] | None = None, parameters: Parameters | None = None
    ) -> Any:
        """Give NTCP at a dose summary in Gy; with arrays in `parameters` (or as dose) for each of their values."""
        p = self.parameters if parameters is None else parameters
        if self.model == "lkb":
            return formulas.lkb(dose_gy, td50_gy=p["td50_gy"], m=p["m"])
        if self.model == "log_logistic":
            return formulas.log_logistic(dose_gy, td50_gy=p["td50_gy"], gamma50=p["gamma50"])
        if self.model == "logistic_d50":
            logit = -4.0 * p["gamma50"] * (1.0 - dose_gy / p["td50_gy"])
        else:
            logit = p["b0"] + p["b1"] * dose_gy
        return expit(logit + self._factor_terms(factors or {}))

    def serial_risk(self, dvh: Dvh, parameters: Mapping[str, float]) -> float:
        """Give the relative-seriality NTCP of a DVH."""
        volume = np.asarray(dvh.volume_cc, dtype=float)
        mid_bins = (np.arange(volume.size) + 0.5) * dvh.bin_width_gy
        return formulas.relative_seriality(
            mid_bins, volume, d50_gy=parameters["d50_gy"], gamma=parameters["gamma"], s=parameters["s"]
        )

    def _factor_terms(self, factors: Mapping[str, object]) -> float:
        total = 0.0
        for factor in self.factors:
            if factor.column not in factors and not factor.per_unit:
                continue
            term = factor.term(factors.get(factor.column))
            if term is None:
                found = repr(factors[factor.column]) if factor.column in factors else "nothing"
                raise self.refusal(f"{factor.column} {factor.expected}", found, "Give this factor.")
            total += term
        return total

    def refusal(self, expected: str, found: str, action: str) -> InputError:
        """Give the error of this model that says what was expected and found, and what to do."""
        return InputError(Fault(f"published model {self.name}", expected, found, action, "ntcp-published"))


@cache
def published_models() -> dict[str, PublishedModel]:
    """Give the published models by name, in the order of published.toml."""
    return {name: PublishedModel(name=name, **record) for name, record in read_records().items()}


def published_model(name: str) -> PublishedModel:
    """Give one published model; ParameterError with the known names for another."""
    import difflib

    models = published_models()
    if name not in models:
        near = difflib.get_close_matches(name, models, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(models)}."
        raise ParameterError(f"no published model is named {name!r}. {hint}")
    return models[name]


def unknown_published(settings: NtcpSettings) -> list[Fault]:
    """Give a fault for each name in the settings that is not a published model, for the check before a run."""
    named = {
        "published": settings.published,
        "allow_structure": list(settings.allow_structure),
        "allow_unchecked": settings.allow_unchecked,
        "allow_fractionation": settings.allow_fractionation,
        "update.prior_correlation": list(settings.update.prior_correlation) if settings.update else [],
    }
    faults = []
    for key, names in named.items():
        for name in names:
            try:
                published_model(name)
            except ParameterError as error:
                faults.append(
                    Fault(f"config: ntcp.{key}", "a published model", repr(name), str(error), "config-reference")
                )
    return faults
