"""A folder that is written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from lungtox.errors import Fault, InputError
from lungtox.tables import write_text


@contextlib.contextmanager
def new_folder(folder: str | Path, *, who: str, mark: tuple[str, str] | None = None) -> Iterator[Path]:
    """Give a draft that takes the folder's place when the block ends without an error, and goes otherwise.

    Parameters
    ----------
    folder : path
        New, empty, or one that an earlier call with a mark of that name has written: that one is replaced.
    who : str
        What the folder is, for the message.
    mark : (name, text), optional
        File that says what the folder was made from. Without it no folder that holds anything is replaced.

    Yields
    ------
    Path

    Raises
    ------
    InputError
        The folder holds something else.
    """
    target = Path(folder)
    ours = mark is not None and (target / mark[0]).is_file()
    if target.exists() and not (target.is_dir() and (ours or not any(target.iterdir()))):
        expected = "a folder that does not exist yet, or is empty"
        expected += "" if mark is None else ", or was written by this command"
        action = "Give another folder, or remove this one first."
        raise InputError(Fault(who, expected, "one that holds something", action, "folder-in-use"))
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    draft.mkdir()
    try:
        yield draft
        if mark is not None:
            write_text(mark[1], draft / mark[0])
        if ours:
            shutil.rmtree(target)
        os.replace(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
