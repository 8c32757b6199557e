"""The workflow and the config beside the results, as part of the run's record."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CONFIG_NAME = "config.yaml"
HEADER = (
    "# The whole config of the run, defaults included. Input tables are named without their folders: put them back\n"
    "# before running it again.\n"
)


def copy_workflow(
    project: str | Path, names: Sequence[str], folder: str | Path, *, config: Mapping[str, Any], inputs: Sequence[str]
) -> list[str]:
    """Copy the files of the workflow into a folder and write the config beside them; the folder appears whole.

    Parameters
    ----------
    project : path
        Where the workflow's main file lies.
    names : sequence of str
        Files below the project; they keep their places.
    folder : path
        New, or replaced.
    config : dict
        The whole config as plain values; the place of the results is left out.
    inputs : sequence of str
        Paths in the config that may name a hospital: only their last part is written.

    Returns
    -------
    list of str
        Files in the folder, sorted.
    """
    import yaml

    target = Path(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        for name in names:
            copy = draft / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(project) / name, copy)
        draft.mkdir(exist_ok=True)
        shown = _without_folders({key: value for key, value in config.items() if key != "results"}, set(inputs))
        text = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=110)
        (draft / CONFIG_NAME).write_text(HEADER + text, encoding="utf-8", newline="\n")
        if target.exists():
            shutil.rmtree(target)
        os.replace(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return sorted([*names, CONFIG_NAME])


def _without_folders(value: Any, paths: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_folders(inner, paths) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_folders(inner, paths) for inner in value]
    return Path(value).name if isinstance(value, str) and value in paths else value
