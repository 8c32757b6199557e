"""``lungtox printed``: can the printed figures of a paper be true together."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from lungtox.errors import Fault, InputError


def printed(
    table: Annotated[
        Path,
        typer.Argument(
            help="CSV of figures as printed: item, mean_a, sd_a, n_a, mean_b, sd_b, n_b, mean_all, p, paired, "
            "odds_ratio, n, events, percent; empty where nothing is printed."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead of text.")] = False,
) -> None:
    """Check printed p values, totals, percentages and odds ratios against the other figures of their row.

    Decimals count: 53.3 stands for 53.25 to 53.35. Research use, not for treatment decisions.
    """
    from lungtox.models import check_printed
    from lungtox.tables import read_csv

    if not table.is_file():
        raise InputError(Fault("printed figures", "a CSV file", "no such file", "Check the path.", "printed"))
    rows = read_csv(table, dtype=str).fillna("").to_dict("records")
    checks = check_printed([{str(name): str(cell) for name, cell in row.items()} for row in rows])
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=1, ensure_ascii=False))
        return
    for check in checks:
        typer.echo(f"{check.verdict:12}  {check.item}: {check.check}, printed {check.printed}; {check.computed}")
