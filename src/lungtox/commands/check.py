"""``lungtox check``: what would stop a run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lungtox.check import CheckResult, check_page, group_faults, read_usable_config
from lungtox.check import check as run_check
from lungtox.config import Config
from lungtox.errors import Fault, count_of
from lungtox.extraction import scan_patients
from lungtox.provenance import code_digest, state_of_files
from lungtox.tables import write_text

LINES_OF_A_KIND = 20


def check(
    config: Annotated[Path, typer.Argument(help="Config of the analysis.")] = Path("config.yaml"),
    stamp: Annotated[
        Path | None, typer.Option(help="Remember here that the check passed; skip it while nothing has changed.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write everything as a page, for the person who owns the spreadsheet.")
    ] = None,
) -> None:
    """List everything that would stop a run, all at once, what to fix first on top, before it starts."""
    settings, config_faults = read_usable_config(config)
    if settings is None:
        _print_faults(config_faults, html)
        print("The tables and the files of the patients were not looked at: correct the config first.", file=sys.stderr)
        if html is not None:
            write_text(check_page(config_faults, patients=0), html)
        raise typer.Exit(1)
    state = _state(config, settings) if stamp is not None and not config_faults else ""
    if html is None and state and stamp is not None and stamp.is_file() and stamp.read_text(encoding="utf-8") == state:
        return
    result = run_check(settings)
    faults = (*config_faults, *result.faults)
    if html is not None:
        page = check_page(
            faults,
            patients=result.patients,
            warnings=result.warnings,
            design=result.design,
            remarks=result.remarks,
        )
        write_text(page, html)
    _print_faults(faults, html)
    _print_notes(result)
    if faults:
        done = "Nothing was started; the page is written." if html else "Nothing was started or written."
        print(f"\n{count_of(len(faults), 'fault')} would stop the run. {done}", file=sys.stderr)
        raise typer.Exit(1)
    print(
        f"{count_of(result.patients, 'patient')} checked: nothing would stop the run"
        f" ({count_of(len(result.warnings), 'warning')})."
    )
    if stamp is not None:
        write_text(state, stamp)


def _state(path: Path, config: Config) -> str:
    """Digest of the config, the tables, the files of the patients and this program."""
    tables = [path, *(Path(table) for table in config.inputs.model_dump().values() if table)]
    rows, _ = scan_patients(config.inputs.patients, structures=config.inputs.structures)
    files = [file for row in rows for file in row.files_with(config.registration.spect_to_ct)]
    for source in config.agreement.sources.values() if config.agreement else ():
        names = source.structures or config.inputs.structures
        tables += [Path(source.patients), Path(names)]
        files += [file for row in scan_patients(source.patients, structures=names)[0] for file in row.files]
    if config.agreement is not None and config.agreement.cases:
        tables.append(Path(config.agreement.cases))
    return f"{state_of_files([*tables, *files])} {code_digest(__file__)}\n"


def _print_faults(faults: Sequence[Fault], html: Path | None) -> None:
    """Print faults in the order in which they are best put right, those of one kind together."""
    for number, group in enumerate(group_faults(faults), start=1):
        print(f"\n{number}. {group.title} ({len(group.faults)}). {group.advice}", file=sys.stderr)
        kinds: dict[str, list[Fault]] = {}
        for fault in group.faults:
            kinds.setdefault(fault.code, []).append(fault)
        for code, alike in kinds.items():
            print(f"\n{code} ({len(alike)})", file=sys.stderr)
            for fault in alike[:LINES_OF_A_KIND]:
                print(f"  {fault}", file=sys.stderr)
            if len(alike) > LINES_OF_A_KIND:
                where = "the page lists all" if html else "`--html FILE` lists all"
                print(f"  and {len(alike) - LINES_OF_A_KIND} more of this kind: {where}.", file=sys.stderr)


def _print_notes(result: CheckResult) -> None:
    if result.design or result.warnings or result.remarks:
        print(file=sys.stderr)
    for text in result.design:
        print(f"design: {text}", file=sys.stderr)
    for text in result.warnings:
        print(f"warning: {text}", file=sys.stderr)
    for text in result.remarks:
        print(f"remark: {text}", file=sys.stderr)
