"""How the function images came to the plan, and how well registered images lie upon each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lungtox.report.blocks import Block, Cell, Notes, Text, make_table
from lungtox.report.results import Results
from lungtox.report.wording import join_words, number_cell, text_of

WAYS = {
    "frame": "in the frame of reference of the dose",
    "object": "over registration objects",
    "image": "by registration of the images",
}
CAPTION = (
    "Function images whose CT was registered to the planning CT, or that were registered themselves (method SPECT to "
    "CT). Dice: overlap of the lungs, after and before; seen: share of the lungs that the registered image shows; "
    "shift of the lungs from where their middles lie upon each other (docs/methods/registration.md). The study "
    "ID leads to a picture of the outlines of both lungs."
)
COLUMNS = ("Study ID", "Method", "Dice", "Dice before", "Seen [%]", "Shift [mm]", "Rotation [\N{DEGREE SIGN}]")


def registration_blocks(results: Results) -> Iterator[Block]:
    """Give a sentence on all function images and a table of the registered ones; nothing where no file says so."""
    found: dict[str, Mapping[str, Any]] = {
        text_of(entry["patient"]): registration
        for entry in results.qa
        if (registration := (entry.get("function") or {}).get("registration"))
    }
    if not found:
        return
    counts = Counter(str(one["kind"]) for one in found.values())
    ways = join_words([f"{counts[kind]} {words}" for kind, words in WAYS.items() if counts[kind]])
    yield Text(f"Function images came to the plan: {ways}.")
    registered = {patient: one["quality"] for patient, one in found.items() if one.get("quality")}
    if not registered:
        return
    rows: list[tuple[str | Cell, ...]] = [
        (
            Cell(patient, link=f"pages/{patient}.registration.png"),
            text_of(quality["method"]),
            number_cell(quality["lung_dice"], decimals=3),
            number_cell(quality["lung_dice_start"], decimals=3),
            number_cell(quality["lungs_seen_pct"], decimals=1),
            number_cell(quality["shift_mm"], decimals=1),
            number_cell(quality["rotation_deg"], decimals=1),
        )
        for patient, quality in registered.items()
    ]
    yield make_table("registrations", CAPTION, COLUMNS, rows)
    itself = [patient for patient, quality in registered.items() if quality["method"] == "SPECT to CT"]
    if itself:
        text = (
            f"{join_words(itself)}: the SPECT was registered to the planning CT itself; its place is uncertain by "
            "several mm."
        )
        yield Notes("Registered without a CT", (text,))
