"""Names in the sections on doses that refer to nothing."""

from __future__ import annotations

from collections.abc import Iterator

from lungtox.cohort.config import MetricSource
from lungtox.config.names import and_list, named_columns, unknown_name
from lungtox.config.sections import Config
from lungtox.delivered import unknown_delivered
from lungtox.dvhcurve import unknown_moved
from lungtox.errors import Fault
from lungtox.extraction.patients import CANONICAL_STRUCTURES
from lungtox.fractionation import unknown_references


def composition_faults(config: Config) -> Iterator[Fault]:
    """Find parts of composed structures that are neither canonical nor a structure that only joins others."""
    structures = config.dose.structures
    usable = {name for name, recipe in structures.items() if recipe.only_joins}
    for name, recipe in structures.items():
        for key in ("union", "minus", "within"):
            for part in getattr(recipe, key):
                where = f"dose.structures.{name}.{key}"
                made = part != name and part in structures and not structures[part].only_joins
                if part in CANONICAL_STRUCTURES and not made:
                    continue
                if part not in structures:
                    yield unknown_name(where, "a canonical structure", part, {*CANONICAL_STRUCTURES, *usable - {name}})
                elif part == name or part not in usable or not set(structures[part].union) <= set(CANONICAL_STRUCTURES):
                    expected = "a structure that joins canonical ones, without minus or within"
                    yield Fault(
                        f"config: {where}", expected, repr(part), "Name canonical structures.", "config-reference"
                    )


def contour_faults(config: Config) -> Iterator[Fault]:
    """Find functional regions that are neither of the image nor a structure that can be cut out."""
    structures = config.dose.structures
    for name in config.function.contours if config.function is not None else ():
        where = "function.regions"
        if name not in structures:
            known = {*structures, *CANONICAL_STRUCTURES, "40%max", "40%p99", "40%mean", "p60"}
            yield unknown_name(where, "a region of the image or a structure of dose.structures", name, known)
        elif not structures[name].only_joins:
            expected = "a structure that joins canonical ones, without minus or within"
            yield Fault(f"config: {where}", expected, repr(name), "Name the contour itself.", "config-reference")


def agreement_faults(config: Config) -> Iterator[Fault]:
    """Find structures and metrics of the agreement that the dose stage does not give."""
    agreement = config.agreement
    if agreement is None:
        return
    for structure, limits in agreement.limits.items():
        for metric in limits:
            if metric not in config.dose.metrics.get(structure, []):
                known = config.dose.metrics.get(structure, [])
                where = f"agreement.limits.{structure}"
                yield unknown_name(where, f"a metric of dose.metrics.{structure}", metric, known)


def sister_faults(config: Config) -> Iterator[Fault]:
    """Find names in the sections on fractionation and curves that refer to nothing."""
    if config.fractionation is not None:
        yield from unknown_references(config.fractionation, config.dose.structures)
    if config.dvh_curve is not None:
        yield from unknown_moved(config.dvh_curve, config.dose.structures)
    if config.delivered is not None:
        yield from unknown_delivered(config.delivered, config.dose.structures, config.dose.eqd2)


def column_faults(config: Config) -> Iterator[Fault]:
    """Find dose columns of the analysis table that no stage gives."""
    for column, source in config.cohort.metrics.items():
        where = f"cohort.metrics.{column}"
        if source.dose == "delivered":
            yield from _delivered_faults(config, where, source)
        elif source.weighting != "anatomical":
            yield from function_faults(config, where, source.weighting, source.metric)
        elif source.metric not in config.dose.metrics.get(source.structure, []):
            known = config.dose.metrics.get(source.structure, [])
            yield unknown_name(where, f"a metric of dose.metrics.{source.structure}", source.metric, known)


def _delivered_faults(config: Config, where: str, source: MetricSource) -> Iterator[Fault]:
    """Find columns of delivered dose that the section `delivered` does not give."""
    yield from delivered_dose_faults(config, where, source.weighting)
    if config.delivered is None:
        return
    known = (config.delivered.metrics or config.dose.metrics).get(source.structure, [])
    if config.delivered.structures and source.structure not in config.delivered.structures:
        known = []
    if source.metric not in known:
        yield unknown_name(where, f"a metric of delivered dose of {source.structure}", source.metric, known)


def delivered_dose_faults(config: Config, where: str, weighting: str, structure: str | None = None) -> Iterator[Fault]:
    """Find an entry on delivered dose without a section for it, or of a weighting or structure that it has not."""
    if config.delivered is None:
        action = "Add the section, or take this entry out."
        yield Fault(f"config: {where}.dose", "a `delivered` section", "none", action, "config-reference")
        return
    if weighting != "anatomical":
        action = "Functional dose is known for the planned dose only."
        yield Fault(f"config: {where}.weighting", "anatomical", repr(weighting), action, "config-reference")
    compared = config.delivered.structures
    if structure is not None and compared and structure not in compared:
        yield unknown_name(f"{where}.structure", "a structure of delivered.structures", structure, compared)


def function_faults(config: Config, where: str, weighting: str, metric: str | None = None) -> Iterator[Fault]:
    """Find a weighting or a metric that the section `function` does not give."""
    if config.function is None:
        column = where.removeprefix("cohort.metrics.")
        named = dict.fromkeys(place for name, place in named_columns(config) if name == column)
        action = f"Add the section, or take this entry out{f', also from {and_list(list(named))}' if named else ''}."
        yield Fault(f"config: {where}", "a `function` section", "none", action, "config-reference")
        return
    known = set(config.function.weightings)
    if weighting not in known:
        yield unknown_name(f"{where}.weighting", "perfusion or a region of function.regions", weighting, known)
    if metric is not None and metric not in config.function.metrics:
        yield unknown_name(f"{where}.metric", "a metric of function.metrics", metric, config.function.metrics)
