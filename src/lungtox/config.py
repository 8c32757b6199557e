"""The whole config.yaml: composed of the sections that each room declares, typed and closed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, Field, ValidationError

from lungtox.agreement.config import AgreementSettings
from lungtox.cohort.config import CohortSettings, EndpointSettings, InputsSettings, MetricSource, TablesSettings
from lungtox.delivered import unknown_delivered
from lungtox.delivered.config import DeliveredSettings
from lungtox.dose.config import DoseSettings, FunctionSettings, RegionSettings
from lungtox.dvhcurve import unknown_moved
from lungtox.dvhcurve.config import DvhCurveSettings
from lungtox.errors import Fault, InputError
from lungtox.extraction.patients import CANONICAL_STRUCTURES
from lungtox.figures.config import FiguresSettings
from lungtox.fractionation import unknown_references
from lungtox.fractionation.config import FractionationSettings
from lungtox.imaging.config import RegistrationSettings
from lungtox.models.config import (
    AssociationSettings,
    LadderSettings,
    LogisticSettings,
    MissingSettings,
    PrintedSettings,
    RocSettings,
    TimeSettings,
    ValidationSettings,
)
from lungtox.naming.config import NamesSettings
from lungtox.ntcp import unknown_published
from lungtox.ntcp.config import NtcpSettings
from lungtox.report.config import ReportSettings
from lungtox.settings import Settings

STAGE_FOLDERS = frozenset(
    {
        "dose",
        "cohort",
        "association",
        "models",
        "added_value",
        "roc",
        "ntcp",
        "time",
        "function",
        "missing",
        "agreement",
        "printed",
        "crate",
        "fractionation",
        "dvh_curves",
        "delivered",
        "figures",
        "pages",
        "logs",
        "benchmarks",
        "studies",
    }
)
OUTCOME_SECTIONS = ("endpoint", "cohort", "association", "models", "validation", "roc", "ntcp")
"""Sections of an analysis with an outcome; a config without inputs.clinical has none of them."""


class Config(Settings):
    """One analysis. Paths are relative to the project's folder."""

    seed: int
    """Seed of every random draw; each task gets its own child stream from it."""
    results: str = ""
    """Folder of the results. Empty: `results` for the config.yaml at the top, `results/{name}` for any other config."""
    inputs: InputsSettings
    """Where the tables of the cohort are."""
    names: NamesSettings = Field(default_factory=NamesSettings)
    """How proposals of structure names are accepted."""
    tables: TablesSettings | None = None
    """How the tables are read; left out when they are in the form of file-contracts.md."""
    dose: DoseSettings
    """Structures, dose-volume histograms and their metrics."""
    function: FunctionSettings | None = None
    """Perfusion SPECT; left out when there is none."""
    registration: RegistrationSettings = Field(default_factory=RegistrationSettings)
    """Registration of images, for a SPECT in another frame of reference without a registration object."""
    endpoint: EndpointSettings = Field(default_factory=EndpointSettings)
    """What counts as radiation pneumonitis, and in which window."""
    cohort: CohortSettings = Field(default_factory=lambda: CohortSettings(metrics={}))
    """Merge, exclusions and the dose columns of the analysis table."""
    association: AssociationSettings = Field(default_factory=lambda: AssociationSettings(families={}))
    """Univariable tests and cytokine comparisons."""
    models: dict[str, LogisticSettings] = Field(default_factory=dict)
    """Multivariable logistic models by name."""
    validation: ValidationSettings = Field(default_factory=ValidationSettings)
    """Internal validation of the logistic models."""
    ladder: LadderSettings | None = None
    """Added value of groups of predictors; left out when it is not wanted."""
    roc: RocSettings = Field(default_factory=lambda: RocSettings(scores=[]))
    """Discrimination of single scores and their paired comparisons."""
    time: TimeSettings | None = None
    """Pneumonitis in time; left out when it is not wanted."""
    missing: MissingSettings | None = None
    """Missing values; left out when the models on complete rows are enough."""
    ntcp: NtcpSettings = Field(default_factory=NtcpSettings)
    """NTCP models to fit, and published ones to try on this cohort."""
    agreement: AgreementSettings | None = None
    """Agreement of two sources of dose; left out when there is one."""
    printed: PrintedSettings | None = None
    """A published paper to compare with; left out when there is none."""
    fractionation: FractionationSettings | None = None
    """Number of fractions of equal tumour effect, judged on the organs' DVHs; left out when it is not wanted."""
    dvh_curve: DvhCurveSettings | None = None
    """Shapes of DVH curves of a structure that is moved; left out when they are not wanted."""
    delivered: DeliveredSettings | None = None
    """Dose delivered in sessions, accumulated through deformation fields; left out when there are none."""
    figures: FiguresSettings = Field(default_factory=FiguresSettings)
    """Looks of the figures."""
    report: ReportSettings = Field(default_factory=ReportSettings)
    """The report."""

    @property
    def has_outcome(self) -> bool:
        """Whether there is a clinical table; without one doses alone are analysed."""
        return bool(self.inputs.clinical)


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML loader that refuses a key given twice; plain YAML keeps the last one in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(self.construct_object(key_node, deep=True))
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def load_config(path: str | Path) -> Config:
    """Read and check a config file.

    Parameters
    ----------
    path : path of a YAML file

    Returns
    -------
    Config
        With `results` filled in.

    Raises
    ------
    InputError
        With every fault: unreadable YAML, unknown keys (the nearest key is named), values of a wrong type,
        names that refer to nothing.
    """
    raw = _read_yaml(Path(path))
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        raise InputError(_validation_faults(error, raw)) from None
    config = _with_contours(config)
    faults = list(_reference_faults(config))
    results = config.results or _default_results(Path(path))
    if Path(results).name in STAGE_FOLDERS and Path(results).parent.name == "results":
        faults.append(
            Fault(
                who="config: results",
                expected="a folder name that no stage uses",
                found=results,
                action="Rename the config file or set `results`.",
                code="config-results",
            )
        )
    if faults:
        raise InputError(faults)
    return config.model_copy(update={"results": results})


def _with_contours(config: Config) -> Config:
    """Analyse canonical structures that `function.regions` names as contours, without a line in `dose.structures`."""
    drawn = [] if config.function is None else config.function.contours
    added = {
        name: RegionSettings(union=[name])
        for name in drawn
        if name in CANONICAL_STRUCTURES and name not in config.dose.structures
    }
    if not added:
        return config
    dose = config.dose.model_copy(update={"structures": {**config.dose.structures, **added}})
    return config.model_copy(update={"dose": dose})


def _default_results(path: Path) -> str:
    if path.name == "config.yaml" and path.resolve().parent == Path.cwd():
        return "results"
    return f"results/{path.resolve().parent.name if path.stem == 'config' else path.stem}"


def _read_yaml(path: Path) -> dict[str, Any]:
    who = f"config {path.name}"
    if not path.is_file():
        raise InputError(
            Fault(who=who, expected="a YAML file", found="no such file", action="Check the path.", code="config-file")
        )
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        found = " ".join(str(error).split())
        raise InputError(
            Fault(who=who, expected="valid YAML", found=found, action="Correct that line.", code="config-yaml")
        ) from None
    if not isinstance(raw, dict):
        raise InputError(
            Fault(
                who=who,
                expected="sections with keys",
                found=type(raw).__name__,
                action="Start from the config.yaml of the demo.",
                code="config-yaml",
            )
        )
    return raw


def _validation_faults(error: ValidationError, raw: dict[str, Any]) -> list[Fault]:
    faults = []
    for item in error.errors(include_url=False, include_context=False):
        location = [str(part) for part in item["loc"]]
        where = ".".join(location)
        if item["type"] == "extra_forbidden":
            known = _keys_beside(location)
            near = difflib.get_close_matches(location[-1], known, n=1, cutoff=0.4)
            action = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(sorted(known))}."
            faults.append(Fault(f"config: {where}", "a known key", f"{location[-1]!r}", action, "config-unknown-key"))
        elif item["type"] == "missing":
            faults.append(Fault(f"config: {where}", "a value", "nothing", "Add this key.", "config-missing-key"))
        else:
            words = item["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
            expected = words[0].lower() + words[1:]
            if expected.startswith(("less", "greater")):
                expected = f"a number {expected}"
            given = item["input"]
            found = repr(given) if not isinstance(given, (dict, list)) else "something else" if given else "nothing"
            if item["type"] == "value_error" and found == "something else":
                expected, found = "values that can be used", f"a fault: {expected}"
            faults.append(Fault(f"config: {where}", expected, found, "Correct it.", "config-value"))
    return faults


def _keys_beside(location: list[str]) -> list[str]:
    """Give the known keys of the section in which a key stands."""
    model: Any = Config
    for part in location[:-1]:
        if isinstance(model, type) and issubclass(model, BaseModel):
            field = model.model_fields.get(part)
            # Not a field: a name that the user chose in a dict of sections; the model stays.
            model = model if field is None else _innermost_model(field.annotation)
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _innermost_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _innermost_model(argument)
        if found is not None:
            return found
    return None


def _reference_faults(config: Config) -> Iterator[Fault]:
    """Find names that refer to nothing: structures, metrics, scores."""
    yield from _outcome_faults(config)
    yield from _agreement_faults(config)
    yield from _sister_faults(config)
    yield from _composition_faults(config)
    yield from _mapping_faults(config)
    yield from _contour_faults(config)
    for where, found in _structure_references(config):
        if found not in config.dose.structures:
            yield _unknown(where, "a structure of dose.structures", found, config.dose.structures)
    yield from _column_faults(config)
    yield from _fit_faults(config)
    yield from _comparison_faults(config)
    yield from unknown_published(config.ntcp)
    yield from _imputation_faults(config)
    for score in {score for pair in config.roc.pairs for score in pair}:
        if score not in config.roc.scores:
            yield _unknown("roc.pairs", "a score of roc.scores", score, config.roc.scores)


def _fit_faults(config: Config) -> Iterator[Fault]:
    """Find weightings and quantities of NTCP fits that no image and no alpha/beta give."""
    for name, fit in config.ntcp.fits.items():
        if fit.weighting != "anatomical":
            yield from _function_faults(config, f"ntcp.fits.{name}", fit.weighting)
        if fit.quantity == "eqd2" and fit.structure not in config.dose.eqd2:
            action = "Give it an alpha/beta under dose.eqd2, or take the physical dose."
            expected = "a structure of dose.eqd2"
            yield Fault(f"config: ntcp.fits.{name}.quantity", expected, repr(fit.structure), action, "config-reference")


def _column_faults(config: Config) -> Iterator[Fault]:
    """Find dose columns of the analysis table that no stage gives."""
    for column, source in config.cohort.metrics.items():
        where = f"cohort.metrics.{column}"
        if source.dose == "delivered":
            yield from _delivered_faults(config, where, source)
        elif source.weighting != "anatomical":
            yield from _function_faults(config, where, source.weighting, source.metric)
        elif source.metric not in config.dose.metrics.get(source.structure, []):
            known = config.dose.metrics.get(source.structure, [])
            yield _unknown(where, f"a metric of dose.metrics.{source.structure}", source.metric, known)


def _delivered_faults(config: Config, where: str, source: MetricSource) -> Iterator[Fault]:
    """Find columns of delivered dose that the section `delivered` does not give."""
    if config.delivered is None:
        action = "Add the section, or take this entry out."
        yield Fault(f"config: {where}.dose", "a `delivered` section", "none", action, "config-reference")
        return
    if source.weighting != "anatomical":
        action = "Functional dose is known for the planned dose only."
        yield Fault(f"config: {where}.weighting", "anatomical", repr(source.weighting), action, "config-reference")
    known = (config.delivered.metrics or config.dose.metrics).get(source.structure, [])
    if config.delivered.structures and source.structure not in config.delivered.structures:
        known = []
    if source.metric not in known:
        yield _unknown(where, f"a metric of delivered dose of {source.structure}", source.metric, known)


def _comparison_faults(config: Config) -> Iterator[Fault]:
    """Find weightings of compared gEUDs that no function image gives."""
    for dose in config.ntcp.compare.doses if config.ntcp.compare else ():
        if dose.weighting != "anatomical":
            yield from _function_faults(config, f"ntcp.compare.doses.{dose.name}", dose.weighting)


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
            action = f"Add this key, or take out {_and([*named, *optional])} for an analysis of dose alone."
            yield Fault("config: inputs.clinical", "a value", "nothing", action, "config-missing-key")


def _agreement_faults(config: Config) -> Iterator[Fault]:
    """Find structures and metrics of the agreement that the dose stage does not give."""
    agreement = config.agreement
    if agreement is None:
        return
    for structure, limits in agreement.limits.items():
        for metric in limits:
            if metric not in config.dose.metrics.get(structure, []):
                known = config.dose.metrics.get(structure, [])
                where = f"agreement.limits.{structure}"
                yield _unknown(where, f"a metric of dose.metrics.{structure}", metric, known)


def _sister_faults(config: Config) -> Iterator[Fault]:
    """Find names in the sections on fractionation and curves that refer to nothing."""
    if config.fractionation is not None:
        yield from unknown_references(config.fractionation, config.dose.structures)
    if config.dvh_curve is not None:
        yield from unknown_moved(config.dvh_curve, config.dose.structures)
    if config.delivered is not None:
        yield from unknown_delivered(config.delivered, config.dose.structures, config.dose.eqd2)


def _imputation_faults(config: Config) -> Iterator[Fault]:
    """Find a validation that is to impute without saying how."""
    if config.validation.impute and config.missing is None:
        action = "Add the section, or take validation.impute out."
        yield Fault("config: validation.impute", "a `missing` section", "none", action, "config-reference")


def _composition_faults(config: Config) -> Iterator[Fault]:
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
                    yield _unknown(where, "a canonical structure", part, {*CANONICAL_STRUCTURES, *usable - {name}})
                elif part == name or part not in usable or not set(structures[part].union) <= set(CANONICAL_STRUCTURES):
                    expected = "a structure that joins canonical ones, without minus or within"
                    yield Fault(
                        f"config: {where}", expected, repr(part), "Name canonical structures.", "config-reference"
                    )


def _contour_faults(config: Config) -> Iterator[Fault]:
    """Find functional regions that are neither of the image nor a structure that can be cut out."""
    structures = config.dose.structures
    for name in config.function.contours if config.function is not None else ():
        where = "function.regions"
        if name not in structures:
            known = {*structures, *CANONICAL_STRUCTURES, "40%max", "40%p99", "40%mean", "p60"}
            yield _unknown(where, "a region of the image or a structure of dose.structures", name, known)
        elif not structures[name].only_joins:
            expected = "a structure that joins canonical ones, without minus or within"
            yield Fault(f"config: {where}", expected, repr(name), "Name the contour itself.", "config-reference")


def _mapping_faults(config: Config) -> Iterator[Fault]:
    """Find mappings of tables that are not there."""
    for name in ("cytokines", "grades"):
        if getattr(config.tables, name, None) is not None and getattr(config.inputs, name) is None:
            action = f"Name the table under inputs.{name}, or take tables.{name} out."
            yield Fault(f"config: tables.{name}", f"a table inputs.{name}", "none", action, "config-reference")


def _structure_references(config: Config) -> Iterator[tuple[str, str]]:
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


def _function_faults(config: Config, where: str, weighting: str, metric: str | None = None) -> Iterator[Fault]:
    if config.function is None:
        column = where.removeprefix("cohort.metrics.")
        named = dict.fromkeys(place for name, place in named_columns(config) if name == column)
        action = f"Add the section, or take this entry out{f', also from {_and(list(named))}' if named else ''}."
        yield Fault(f"config: {where}", "a `function` section", "none", action, "config-reference")
        return
    known = set(config.function.weightings)
    if weighting not in known:
        yield _unknown(f"{where}.weighting", "perfusion or a region of function.regions", weighting, known)
    if metric is not None and metric not in config.function.metrics:
        yield _unknown(f"{where}.metric", "a metric of function.metrics", metric, config.function.metrics)


def _and(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def _unknown(where: str, expected: str, found: str, known: Any) -> Fault:
    near = difflib.get_close_matches(found, list(known), n=1, cutoff=0.4)
    action = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(known)) or 'none'}."
    return Fault(f"config: {where}", expected, repr(found), action, "config-reference")
