"""How a script of the workflow starts: its arguments, its settings, its errors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from lungtox.errors import LungtoxError


def run(main: Callable[[argparse.Namespace], None], **options: str) -> None:
    """Parse the named options, call ``main`` with them, and turn a lungtox error into a message and status 1.

    Parameters
    ----------
    main : callable
        Takes the parsed arguments.
    **options : str
        Option name (underscores become dashes) -> its help. All are required; one whose help ends in ``...``
        takes any number of values, one whose help ends in ``?`` may be left out.
    """
    parser = argparse.ArgumentParser(description=(sys.modules["__main__"].__doc__ or "").strip())
    for name, text in options.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            help=text,
            required=not text.endswith(("?", "...")),
            nargs="*" if text.endswith("...") else None,
        )
    try:
        main(parser.parse_args())
    except LungtoxError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
