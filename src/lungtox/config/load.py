"""Reading a config file: every fault of it at once."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from lungtox.config.reference_faults import reference_faults
from lungtox.config.sections import STAGE_FOLDERS, Config
from lungtox.dose.config import RegionSettings
from lungtox.errors import Fault, InputError
from lungtox.extraction.patients import CANONICAL_STRUCTURES


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
    faults = list(reference_faults(config))
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
            if item["type"] == "model_type":
                expected = "keys with values"
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
