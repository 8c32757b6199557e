"""Reading simulation.yaml: which kind of study it is of, and its settings with every fault at once."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from lungtox.errors import Fault, InputError
from lungtox.settings import Settings

Simulation = TypeVar("Simulation", bound=Settings)


def read_kind(path: str | Path) -> str | None:
    """Say which simulator reads a file.

    Parameters
    ----------
    path : path of simulation.yaml

    Returns
    -------
    str or None
        Its ``kind``; None without one, and for what cannot be read: whoever loads it says why.
    """
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    kind = raw.get("kind") if isinstance(raw, dict) else None
    return kind if isinstance(kind, str) else None


def load_simulation(path: str | Path, model: type[Simulation]) -> Simulation:
    """Read simulation.yaml.

    Parameters
    ----------
    path : path of simulation.yaml
    model : type
        What its kind of study is simulated from.

    Returns
    -------
    Settings
        An instance of `model`.

    Raises
    ------
    InputError
        No such file, unknown keys, wrong values: every fault.
    """
    who = Path(path).name
    try:
        return model.model_validate(yaml.safe_load(Path(path).read_text(encoding="utf-8")))
    except FileNotFoundError:
        fault = Fault(who, "a simulation file", "no such file", "Check the path.", "file-missing")
        raise InputError(fault) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        found = " ".join(str(error).split())
        raise InputError(Fault(who, "valid YAML", found, "Correct that line.", "config-yaml")) from None
    except ValidationError as error:
        raise InputError(
            Fault(
                f"{who}: {'.'.join(map(str, item['loc']))}",
                "a known key with a right value",
                item["msg"].removeprefix("Value error, "),
                "Correct it.",
                "config-value",
            )
            for item in error.errors(include_url=False, include_context=False)
        ) from None
