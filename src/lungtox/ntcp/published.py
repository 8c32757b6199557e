"""Published NTCP models: read from published.toml, applied only to what they were made for."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import expit

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.ntcp import formulas
from lungtox.ntcp.factors import Factor
from lungtox.ntcp.matrix import dose_matrix

if TYPE_CHECKING:
    from lungtox.dose import Dvh
    from lungtox.ntcp.config import NtcpSettings

RECORDS = "published.toml"
NEARLY_MEAN = 0.015
HIGHEST_CONVENTIONAL_GY = 3.0  # per fraction to the target; SBRT starts above
RESEARCH_USE = "Research use, not for treatment decisions."


@dataclass(frozen=True)
class Acceptance:
    """Whether a published model takes a DVH, and under which label.

    Attributes
    ----------
    status : {"applied", "converted", "allowed"}
        As published; on an EQD2 DVH made per voxel from the physical dose; on a structure that it does not list.
    note : str
    """

    status: Literal["applied", "converted", "allowed"]
    note: str


@dataclass(frozen=True)
class PublishedModel:
    """A published parameter set with what it was made for.

    Attributes
    ----------
    name, label : str
    model : {"lkb", "logistic", "logistic_d50", "relative_seriality"}
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
    status : {"checked", "secondary", "memory", "mixed"}
        How far the numbers were checked.
    default_ok : bool
        False: used only when allowed by name.
    """

    name: str
    label: str
    model: Literal["lkb", "logistic", "logistic_d50", "relative_seriality"]
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
    status: Literal["checked", "secondary", "memory", "mixed"]
    checked: str
    note: str
    default_ok: bool

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
            return self._at_mean(float(dose), factors)
        self.accept(dose, allow_structure=allow_structure)
        if self.model == "relative_seriality":
            volume = np.asarray(dose.volume_cc, dtype=float)
            mid_bins = (np.arange(volume.size) + 0.5) * dose.bin_width_gy
            p = self.parameters
            return formulas.relative_seriality(mid_bins, volume, d50_gy=p["d50_gy"], gamma=p["gamma"], s=p["s"])
        return self._at_summary(self.dose_gy(dose), factors)

    def dose_gy(self, dvh: Dvh) -> float:
        """Give the dose summary that the model sees: gEUD with its n, or the mean dose."""
        return float(dose_matrix([dvh]).geud_gy(self.parameters.get("n", 1.0))[0])

    def ntcp_uniform(self, dose_gy: float, factors: Mapping[str, object] | None = None) -> float:
        """Give NTCP of a uniform dose in Gy, in the model's own quantity."""
        if self.model != "relative_seriality":
            return self._at_summary(dose_gy, factors)
        p = self.parameters
        return formulas.relative_seriality([dose_gy], [1.0], d50_gy=p["d50_gy"], gamma=p["gamma"], s=p["s"])

    def missing_factors(self, factors: Mapping[str, object]) -> list[str]:
        """Give the clinical columns that the model uses and that have no known value here."""
        return sorted({factor.column for factor in self.factors if factor.term(factors.get(factor.column)) is None})

    def accept(self, dvh: Dvh, *, allow_structure: Collection[str] = (), allow_unchecked: bool = True) -> Acceptance:
        """Say whether the model takes this DVH; raise InputError with the reason when it does not."""
        if not allow_unchecked:
            self.require_checked()
        if dvh.weighting != "anatomical":
            raise self._refusal("an anatomical DVH", dvh.weighting, "Fit a model of your own to functional DVHs.")
        self.require_quantity(dvh.quantity, dvh.alpha_beta_gy)
        listed = dvh.structure in self.structures
        if not listed and dvh.structure not in allow_structure:
            action = f"Name it under ntcp.allow_structure.{self.name} to apply the model all the same, labelled so."
            raise self._refusal(f"a DVH of {' or '.join(self.structures)}", dvh.structure, action)
        notes = [] if listed else [f"made for {' or '.join(self.structures)}, applied to {dvh.structure}"]
        if self.quantity == "eqd2":
            notes.append(f"physical dose converted to EQD2 per voxel (alpha/beta {dvh.alpha_beta_gy:g} Gy)")
        if not self.default_ok:
            notes.append(f"numbers not fully checked: {self.checked}")
        status: Literal["applied", "converted"] = "converted" if self.quantity == "eqd2" else "applied"
        return Acceptance(status if listed else "allowed", "; ".join(notes))

    def require_quantity(self, quantity: str, alpha_beta_gy: float | None = None) -> None:
        """Refuse a dose of another quantity, or EQD2 with another alpha/beta: it is never fed in as it stands."""
        if quantity != self.quantity:
            action = (
                "Give the DVH in EQD2, made per voxel: a mean of physical dose cannot be converted."
                if self.quantity == "eqd2"
                else "Give the physical dose."
            )
            raise self._refusal(f"dose as {self.quantity}", quantity, action)
        if alpha_beta_gy is not None and self.alpha_beta_gy and alpha_beta_gy not in self.alpha_beta_gy:
            expected = "EQD2 with alpha/beta " + " or ".join(f"{value:g}" for value in self.alpha_beta_gy) + " Gy"
            raise self._refusal(expected, f"{alpha_beta_gy:g} Gy", "Make EQD2 with that alpha/beta (dose.eqd2).")

    def fractionation_note(self, prescription_gy: float | None, fractions: float | None) -> str:
        """Say when the dose per fraction is not conventional, for which these models were not made; else nothing."""
        if not prescription_gy or not fractions or not prescription_gy / fractions > HIGHEST_CONVENTIONAL_GY:
            return ""
        return f"{prescription_gy / fractions:.3g} Gy per fraction, but the model was made for: {self.fractionation}"

    def require_checked(self) -> None:
        """Refuse a model whose numbers were not checked."""
        if not self.default_ok:
            action = f"Check the paper, then name it under ntcp.allow_unchecked. {self.note}".strip()
            raise self._refusal("a model with checked numbers", f"{self.status}. {self.checked}", action)

    def _at_mean(self, dose_gy: float, factors: Mapping[str, object] | None) -> float:
        if self.needs_dvh:
            raise self._refusal("a DVH", "a mean dose", "Give the whole DVH: this model sees more than the mean.")
        if not 0.0 <= dose_gy <= 200.0:
            raise self._refusal("a mean dose of 0 to 200 Gy", f"{dose_gy:g}", "Dose in cGy? Divide by 100.")
        return self._at_summary(dose_gy, factors)

    def _at_summary(self, dose_gy: float, factors: Mapping[str, object] | None) -> float:
        p = self.parameters
        if self.model == "lkb":
            return float(formulas.lkb(dose_gy, td50_gy=p["td50_gy"], m=p["m"]))
        if self.model == "logistic_d50":
            logit = -4.0 * p["gamma50"] * (1.0 - dose_gy / p["td50_gy"])
        else:
            logit = p["b0"] + p["b1"] * dose_gy
        return float(expit(logit + self._factor_terms(factors or {})))

    def _factor_terms(self, factors: Mapping[str, object]) -> float:
        total = 0.0
        for factor in self.factors:
            if factor.column not in factors and not factor.per_unit:
                continue
            term = factor.term(factors.get(factor.column))
            if term is None:
                found = repr(factors[factor.column]) if factor.column in factors else "nothing"
                raise self._refusal(f"{factor.column} {factor.expected}", found, "Give this factor.")
            total += term
        return total

    def _refusal(self, expected: str, found: str, action: str) -> InputError:
        return InputError(Fault(f"published model {self.name}", expected, found, action, "ntcp-published"))


@cache
def published_models() -> dict[str, PublishedModel]:
    """Give the published models by name, in the order of published.toml."""
    records = tomllib.loads((Path(__file__).parent / RECORDS).read_text(encoding="utf-8"))
    return {name: _from_record(name, record) for name, record in records.items()}


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


def _from_record(name: str, record: Mapping[str, Any]) -> PublishedModel:
    content = dict(record)
    content["parameters"] = {key: float(value) for key, value in content["parameters"].items()}
    content["intervals"] = {key: (float(low), float(high)) for key, (low, high) in content.get("intervals", {}).items()}
    content["factors"] = tuple(_factor(item) for item in content.get("factors", []))
    content["structures"] = tuple(content["structures"])
    content["alpha_beta_gy"] = tuple(float(value) for value in content.get("alpha_beta_gy", []))
    content.setdefault("note", "")
    content.setdefault("doi", "")
    return PublishedModel(name=name, **content)


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
