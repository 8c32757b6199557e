"""Section on the pages of single patients: the contact sheet, and where the pages are."""

from __future__ import annotations

from lungtox.report.blocks import Block, Cell, Section, Text, make_table
from lungtox.report.pictures import sheet_picture
from lungtox.report.results import Results, records
from lungtox.report.wording import count_cell, count_of, text_of

CAPTION = (
    "Transversal plane through the tumour of each patient with a page: planning CT, perfusion in percent of its "
    "reference value (blue), isodose lines (pale yellow to red: 5, 10, 20, 30, 50 Gy; white: prescription), outlines "
    "of lungs, tumour and heart, and the functional region (dashed). Scales and colours are the same for all."
)
ALTERNATIVE = "Contact sheet: a transversal picture for each patient, with study ID and number of quality flags."
_SPECT = {"ok": "used", "none": "none", "unusable": "not used"}


def pages_section(results: Results) -> Section:
    """Give the section on patients' pages: who has one and why, without any new number."""
    title = "Patients in pictures"
    if results.pages is None:
        return Section("pages", title, (Text("No patient has images to show."),))
    rows = records(results.pages)
    usable = sum(1 for entry in results.qa if entry.get("status") == "ok" and entry.get("dose_grid"))
    which = "every patient" if len(rows) >= usable else "the patients with the most quality flags"
    tied = (
        "" if len(rows) >= usable else " Among equally many, those with both planning CT and SPECT come first, then the"
        " order of study IDs; make run PAGES=all draws all."
    )  # fmt: skip
    words = (
        f"{count_of(len(rows), 'page')} of {count_of(usable, 'patient')} with images: {which}. Flags are the warnings "
        f"of the dose stage and the reasons why a SPECT could not be used.{tied}"
    )
    caption = "Pages, in the folder pages beside this report."
    table = make_table(
        "pages",
        caption,
        ("Page", "Flags", "SPECT", "Planning CT"),
        [
            (
                Cell(text_of(row["patient"]), link=f"pages/{row['page']}"),
                count_cell(int(row["flags"])),
                _SPECT.get(str(row["spect"]), str(row["spect"])),
                str(row["planning_ct"]),
            )
            for row in rows
        ],
    )
    sheet = sheet_picture(results.folder, "contact_sheet", caption=CAPTION, alternative=ALTERNATIVE)
    blocks: tuple[Block, ...] = (Text(words), sheet, table)
    return Section("pages", title, blocks)
