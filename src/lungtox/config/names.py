"""Names in a config that refer to something: columns, structures; and the fault where it is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

from lungtox.config.sections import Config
from lungtox.errors import Fault


def named_columns(config: Config) -> Iterator[tuple[str, str]]:
    """Give the columns of the analysis table that the config names, each with the place."""
    for family, names in config.association.families.items():
        yield from ((name, f"association.families.{family}") for name in names)
    for by, names in config.association.strata.items():
        yield from ((name, "association.strata") for name in (by, *names))
    for key, model in config.models.items():
        yield from ((name, f"models.{key}.predictors") for name in model.predictors)
    for step in config.ladder.steps if config.ladder else ():
        yield from ((name, f"ladder.steps.{step.name}") for name in step.add)
    if config.validation.by is not None:
        yield config.validation.by, "validation.by"
    yield from ((name, "roc.scores") for name in config.roc.scores)
    yield from ((name, "roc.pairs") for pair in config.roc.pairs for name in pair)
    for key, fit in config.ntcp.fits.items():
        yield from ((name, f"ntcp.fits.{key}.covariates") for name in fit.covariates)
    yield from ((name, "missing.auxiliary") for name in (config.missing.auxiliary if config.missing else ()))
    yield from ((name, "ntcp.compare") for name in (config.ntcp.compare.columns if config.ntcp.compare else ()))
    yield from ((name, "time.groups") for name in (config.time.groups if config.time else ()))


def structure_references(config: Config) -> Iterator[tuple[str, str]]:
    """Give the places that name a structure of `dose.structures`, each with the name."""
    yield from (("dose.metrics", name) for name in config.dose.metrics)
    yield from (("dose.eqd2", name) for name in config.dose.eqd2)
    if config.agreement is not None:
        yield from (("agreement.limits", name) for name in config.agreement.limits)
        yield from (("agreement.curves", name) for name in config.agreement.curves)
    yield from ((f"ntcp.fits.{name}.structure", fit.structure) for name, fit in config.ntcp.fits.items())
    for dose in config.ntcp.compare.doses if config.ntcp.compare else ():
        if dose.structure is not None:
            yield f"ntcp.compare.doses.{dose.name}.structure", dose.structure
    if config.function is not None:
        yield "function.structure", config.function.structure
        if config.function.total is not None:
            yield "function.total", config.function.total


def unknown_name(where: str, expected: str, found: str, known: Iterable[str]) -> Fault:
    """Give the fault of a name that refers to nothing: the nearest known name, or all of them."""
    known = list(known)
    near = difflib.get_close_matches(found, known, n=1, cutoff=0.4)
    action = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(known)) or 'none'}."
    return Fault(f"config: {where}", expected, repr(found), action, "config-reference")


def and_list(words: Sequence[str]) -> str:
    """Write words as a list with `and` before the last."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
