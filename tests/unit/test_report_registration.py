"""What the report says of how function images came to the plan."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lungtox.report.blocks import Notes, Table, Text
from lungtox.report.registration_section import registration_blocks

QUALITY = {
    "method": "CT to CT", "lung_dice": 0.9754, "lung_dice_start": 0.9266, "lungs_seen_pct": 100.0, "shift_mm": 0.16,
    "rotation_deg": 4.57,
}  # fmt: skip


def blocks(*registrations: dict[str, Any] | None) -> list[Any]:
    entries = [
        {"patient": f"P{number}", "function": {"registration": one}} for number, one in enumerate(registrations, 1)
    ]
    results: Any = SimpleNamespace(qa=entries)
    return list(registration_blocks(results))


def test_ways_are_counted_and_registered_images_listed_with_their_quality():
    text, table = blocks({"kind": "frame"}, None, {"kind": "image", "quality": QUALITY}, {"kind": "frame"})
    assert isinstance(text, Text) and isinstance(table, Table)
    assert "2 in the frame of reference of the dose and 1 by registration of the images" in text.text
    assert [cell.text for cell in table.rows[0]] == ["P3", "CT to CT", "0.975", "0.927", "100.0", "0.2", "4.6"]


def test_a_spect_registered_by_itself_is_said_by_name():
    *_, note = blocks({"kind": "image", "quality": {**QUALITY, "method": "SPECT to CT"}})
    assert isinstance(note, Notes) and note.items[0].startswith("P1: the SPECT was registered")


def test_nothing_is_said_where_nothing_is_known():
    assert blocks(None, None) == []
