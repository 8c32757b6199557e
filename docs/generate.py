"""Write docs/config.md and workflow/schemas/config.schema.json from the typed config; `--check` only compares."""

from __future__ import annotations

import json
import sys
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from lungtox.config import Config

PROJECT = Path(__file__).resolve().parent.parent
INTRODUCTION = """# config.yaml, key by key

Generated from the typed config by `make docs`; do not edit. Sections and keys that are not listed here are refused,
and the nearest known key is named. Paths are relative to the project's folder.
"""


def schema() -> str:
    """Give the JSON schema of config.yaml, for editors."""
    return json.dumps(Config.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


def page() -> str:
    """Give docs/config.md."""
    parts = [INTRODUCTION]
    seen: list[type[BaseModel]] = []
    _describe(Config, "The whole file", parts, seen)
    return "\n".join(parts)


def _describe(model: type[BaseModel], title: str, parts: list[str], seen: list[type[BaseModel]]) -> None:
    seen.append(model)
    parts.append(f"\n## {title}\n\n{' '.join((model.__doc__ or '').split())}\n")
    parts.append("| key | type | default | meaning |\n|---|---|---|---|")
    inner: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        default = "required"
        if field.default is not PydanticUndefined:
            default = f"`{json.dumps(field.default, default=str, ensure_ascii=False)}`"
        elif field.default_factory is not None:
            default = f"`{json.dumps(field.default_factory(), default=str)}`"  # type: ignore[call-arg]
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        parts.append(f"| `{name}` | {_type_name(field.annotation)} | {default} | {meaning} |")
        inner.extend((name, found) for found in _models_in(field.annotation) if found not in seen)
    for name, found in inner:
        if found not in seen:
            prefix = "" if title == "The whole file" else f"{title.strip('`')}."
            _describe(found, f"`{prefix}{name}`", parts, seen)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for argument in typing.get_args(annotation) for found in _models_in(argument)]


def _type_name(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " \\| ".join(f"`{argument}`" for argument in arguments)
    if origin in (types.UnionType, typing.Union):
        return " or ".join("nothing" if a is type(None) else _type_name(a) for a in arguments)
    if origin is typing.Annotated:
        return _type_name(arguments[0])
    if origin is dict:
        return f"{_type_name(arguments[0])} → {_type_name(arguments[1])}"
    if origin in (list, tuple):
        return f"list of {_type_name(arguments[0])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return {"str": "text", "int": "whole number", "float": "number", "bool": "yes/no"}.get(
        getattr(annotation, "__name__", ""), getattr(annotation, "__name__", str(annotation))
    )


def main() -> int:
    """Write the files, or with `--check` say which are out of date."""
    wanted = {"docs/config.md": page(), "workflow/schemas/config.schema.json": schema()}
    stale = []
    for name, text in wanted.items():
        path = PROJECT / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
    if stale and "--check" in sys.argv:
        print(f"out of date: {', '.join(stale)}; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
