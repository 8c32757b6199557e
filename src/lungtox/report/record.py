"""What made the results: versions, inputs, config, seed and date."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lungtox.provenance import file_checksum, versions
from lungtox.report.blocks import Cell, Table, make_table
from lungtox.report.inputs import shown_config


def collect_provenance(config: Mapping[str, Any], inputs: Iterable[str | Path], *, created: str) -> dict[str, Any]:
    """Collect the record of a run: the content of provenance.json and of the report's last block.

    File names only, no folders: a hospital's paths may name people.

    Parameters
    ----------
    config : dict
        The whole config as plain values.
    inputs : paths
        Input tables whose checksums are recorded.
    created : str
        Date and time, ISO 8601.

    Returns
    -------
    dict
        ``created, seed, versions, platform, inputs (name, bytes, sha256), config``.
    """
    tables = [
        {"name": Path(path).name, "bytes": Path(path).stat().st_size, "sha256": file_checksum(path)} for path in inputs
    ]
    return {
        "created": created,
        "seed": config.get("seed"),
        "versions": versions(),
        "platform": f"{platform.system()} {platform.machine()}",
        "inputs": tables,
        "config": shown_config(config),
    }


def record_blocks(provenance: Mapping[str, Any]) -> tuple[Table, Table]:
    """Give the tables of inputs and versions of a record by `collect_provenance`."""
    inputs = [
        (str(one["name"]), Cell(f"{one['bytes']}", float(one["bytes"])), str(one["sha256"]))
        for one in provenance["inputs"]
    ]
    versions_of = [(str(name), str(version)) for name, version in provenance["versions"].items()]
    return (
        make_table(
            "inputs", "Input tables with their checksums.", ("File", "Bytes", "SHA-256"), inputs, sortable=False
        ),
        make_table("versions", "Versions of the programs.", ("Program", "Version"), versions_of, sortable=False),
    )
