"""The input tables that a config names, and the config as it may be shown: with their names, without their folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def input_tables(config: Mapping[str, Any]) -> dict[str, str]:
    """Give every table that an analysis reads, by a key that says which it is.

    Parameters
    ----------
    config : dict
        The whole config as plain values.

    Returns
    -------
    dict
        Key -> path as the config writes it; under ``key`` the file that identifies patients, if there is one.
    """
    found = dict(config.get("inputs") or {})
    agreement, printed = config.get("agreement") or {}, config.get("printed") or {}
    for name, source in (agreement.get("sources") or {}).items():
        found |= {f"{name}-{key}": source.get(key) for key in ("patients", "structures")}
    found |= {"cases": agreement.get("cases"), "sessions": (config.get("delivered") or {}).get("sessions")}
    found |= {f"printed-{key}": printed.get(key) for key in ("findings", "figures")}
    return {key: path for key, path in found.items() if isinstance(path, str) and path}


def shown_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give a config without the place of the results and the folders of its input tables.

    A hospital's paths may name people; this is what every record of a run shows.

    Parameters
    ----------
    config : dict
        The whole config as plain values.
    """
    paths = set(input_tables(config).values())
    return {key: _without_folders(value, paths) for key, value in config.items() if key != "results"}


def _without_folders(value: Any, paths: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_folders(inner, paths) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_folders(inner, paths) for inner in value]
    return Path(value).name if isinstance(value, str) and value in paths else value
