"""Names in a config that refer to nothing, of all sections."""

from __future__ import annotations

from collections.abc import Iterator

from lungtox.config.dose_faults import (
    agreement_faults,
    column_faults,
    composition_faults,
    contour_faults,
    delivered_dose_faults,
    function_faults,
    sister_faults,
)
from lungtox.config.names import and_list, structure_references, unknown_name
from lungtox.config.sections import OUTCOME_SECTIONS, Config
from lungtox.errors import Fault
from lungtox.ntcp import unknown_published


def reference_faults(config: Config) -> Iterator[Fault]:
    """Find names that refer to nothing: structures, metrics, scores."""
    yield from _outcome_faults(config)
    yield from agreement_faults(config)
    yield from sister_faults(config)
    yield from composition_faults(config)
    yield from _mapping_faults(config)
    yield from contour_faults(config)
    for where, found in structure_references(config):
        if found not in config.dose.structures:
            yield unknown_name(where, "a structure of dose.structures", found, config.dose.structures)
    yield from column_faults(config)
    yield from _fit_faults(config)
    yield from _comparison_faults(config)
    yield from unknown_published(config.ntcp)
    yield from _imputation_faults(config)
    for score in {score for pair in config.roc.pairs for score in pair}:
        if score not in config.roc.scores:
            yield unknown_name("roc.pairs", "a score of roc.scores", score, config.roc.scores)


def _outcome_faults(config: Config) -> Iterator[Fault]:
    """Find sections that only an outcome gives a meaning without one, and an outcome without them."""
    named = [name for name in OUTCOME_SECTIONS if name in config.model_fields_set]
    for name in OUTCOME_SECTIONS if config.has_outcome else ():
        if name not in named:
            yield Fault(f"config: {name}", "a value", "nothing", "Add this key.", "config-missing-key")
    if not config.has_outcome:
        optional = [name for name in ("ladder", "time", "missing", "tables") if getattr(config, name) is not None]
        optional += ["printed.findings"] if config.printed is not None and config.printed.findings else []
        optional += [f"inputs.{name}" for name in ("cytokines", "grades") if getattr(config.inputs, name)]
        if named or optional:
            action = f"Add this key, or take out {and_list([*named, *optional])} for an analysis of dose alone."
            yield Fault("config: inputs.clinical", "a value", "nothing", action, "config-missing-key")


def _mapping_faults(config: Config) -> Iterator[Fault]:
    """Find mappings of tables that are not there."""
    for name in ("cytokines", "grades"):
        if getattr(config.tables, name, None) is not None and getattr(config.inputs, name) is None:
            action = f"Name the table under inputs.{name}, or take tables.{name} out."
            yield Fault(f"config: tables.{name}", f"a table inputs.{name}", "none", action, "config-reference")


def _fit_faults(config: Config) -> Iterator[Fault]:
    """Find weightings and quantities of NTCP fits that no image and no alpha/beta give."""
    for name, fit in config.ntcp.fits.items():
        if fit.weighting != "anatomical":
            yield from function_faults(config, f"ntcp.fits.{name}", fit.weighting)
        if fit.quantity == "eqd2" and fit.structure not in config.dose.eqd2:
            action = "Give it an alpha/beta under dose.eqd2, or take the physical dose."
            expected = "a structure of dose.eqd2"
            yield Fault(f"config: ntcp.fits.{name}.quantity", expected, repr(fit.structure), action, "config-reference")
        if fit.dose == "delivered":
            yield from delivered_dose_faults(config, f"ntcp.fits.{name}", fit.weighting, fit.structure)


def _comparison_faults(config: Config) -> Iterator[Fault]:
    """Find weightings of compared gEUDs that no function image gives."""
    for dose in config.ntcp.compare.doses if config.ntcp.compare else ():
        if dose.weighting != "anatomical":
            yield from function_faults(config, f"ntcp.compare.doses.{dose.name}", dose.weighting)


def _imputation_faults(config: Config) -> Iterator[Fault]:
    """Find a validation that is to impute without saying how."""
    if config.validation.impute and config.missing is None:
        action = "Add the section, or take validation.impute out."
        yield Fault("config: validation.impute", "a `missing` section", "none", action, "config-reference")
