"""The workflow and the config beside the results, as part of the run's record."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lungtox.new_folder import new_folder
from lungtox.report.inputs import shown_config

CONFIG_NAME = "config.yaml"
HEADER = (
    "# The whole config of the run, defaults included. Input tables are named without their folders: put them back\n"
    "# before running it again.\n"
)


def copy_workflow(
    project: str | Path, names: Sequence[str], folder: str | Path, *, config: Mapping[str, Any]
) -> list[str]:
    """Copy the files of the workflow into a folder and write the config beside them; the folder appears whole.

    Parameters
    ----------
    project : path
        Where the workflow's main file lies.
    names : sequence of str
        Files below the project; they keep their places.
    folder : path
        New, empty, or one that an earlier call has written: that one is replaced.
    config : dict
        The whole config as plain values; written as `shown_config` gives it.

    Returns
    -------
    list of str
        Files in the folder, sorted.

    Raises
    ------
    InputError
        The folder holds something else.
    """
    import yaml

    text = yaml.safe_dump(shown_config(config), sort_keys=False, allow_unicode=True, width=110)
    with new_folder(folder, who="the folder for the copy of the workflow", mark=(CONFIG_NAME, HEADER + text)) as draft:
        for name in names:
            copy = draft / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(project) / name, copy)
    return sorted([*names, CONFIG_NAME])
