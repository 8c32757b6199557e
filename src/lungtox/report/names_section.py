"""Section on how the structures were found: by which match, accepted by whom, composed of what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lungtox.report.blocks import Block, Bullets, Section, Text, make_table
from lungtox.report.results import Results
from lungtox.report.wording import count_cell, count_of, share, text_of

NAMED = 12
MATCHES = ("exact", "alias", "fuzzy", "manual")
ORDER = ("Lung_L", "Lung_R", "Lungs", "Lungs-GTV", "GTV", "IGTV", "ITV", "CTV", "PTV")
Entries = Sequence[Mapping[str, Any]]


def names_section(results: Results) -> Section:
    """Give the section on structure names: canonical names only, ROI names may tell who a patient is."""
    usable = [entry for entry in results.qa if entry.get("status") == "ok"]
    named = [entry for entry in usable if entry.get("names")]
    if not named:
        text = "The DVHs come from tables: which ROI each structure was is not known here."
        return Section("names", "Structures", (Text(text if usable else "There are no usable structures."),))
    blocks: list[Block] = [Bullets(tuple(_sentences(usable, named))), _match_table(named)]
    blocks.extend(_composition(named))
    blocks.extend(_not_exact(named))
    return Section("names", "Structures", tuple(blocks))


def _sentences(usable: Entries, named: Entries) -> Iterator[str]:
    rois = [one for entry in named for one in entry["names"]]
    automatic = sum(one["accepted_by"] == "score" for one in rois)
    yield (
        f"ROI names were read as TG-263 names: {share(sum(one['match'] == 'exact' for one in rois), len(rois))} ROIs "
        "bore that name itself (case, blanks and underscores aside)."
    )
    by_score = [entry for entry in named if any(one["accepted_by"] == "score" for one in entry["names"])]
    if automatic:
        yield (
            f"Accepted by a person: {share(len(rois) - automatic, len(rois))} ROIs; by their score alone, which the "
            f"config allows: {automatic}, in {count_of(len(by_score), 'patient')}."
        )
    else:
        yield "Every ROI was accepted by a person."
    if len(named) < len(usable):
        without = count_of(len(usable) - len(named), "patient")
        yield f"The DVHs of {without} come from tables, without ROIs."


def _match_table(named: Entries) -> Block:
    counts = Counter((one["structure"], one["match"]) for entry in named for one in entry["names"])
    patients = Counter(name for entry in named for name in {one["structure"] for one in entry["names"]})
    automatic = Counter(one["structure"] for entry in named for one in entry["names"] if one["accepted_by"] == "score")
    rows = [
        (name, count_cell(patients[name]), *(count_cell(counts[name, match]) for match in MATCHES),
         count_cell(automatic[name]))
        for name in sorted(patients, key=_place)
    ]  # fmt: skip
    caption = (
        "How the structures were found. Exact: the TG-263 name; alias: a known other name; fuzzy: a similar one; "
        "manual: chosen by a person. Several ROIs of a patient can be one target."
    )
    return make_table("names", caption, ("Structure", "Patients", *(m.title() for m in MATCHES), "By score"), rows)


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def _composition(named: Entries) -> Iterator[Block]:
    ways = Counter(
        (name, _words(part["composed_of"]))
        for entry in named
        for name, part in (entry.get("structures") or {}).items()
        if part.get("composed_of")
    )
    if not ways:
        return
    rows = [(name, words, count_cell(count)) for (name, words), count in sorted(ways.items())]
    yield make_table(
        "composition", "Of what the analysed structures were made.", ("Structure", "Made of", "Patients"), rows
    )


def _words(parts: Mapping[str, Sequence[str]]) -> str:
    words = " + ".join(parts.get("union") or ())
    within = "".join(f", within {name}" for name in parts.get("within") or ())
    minus = "".join(f", without {name}" for name in parts.get("minus") or ())
    return words + within + minus


def _not_exact(named: Entries) -> Iterator[Block]:
    """List the patients of whom a structure bore another name; of usual aliases only the first ones."""
    groups: dict[tuple[str, str, str], list[tuple[str, float | None]]] = {}
    for entry in named:
        for one in entry["names"]:
            if one["match"] != "exact" or one["accepted_by"] == "score":
                kind = (one["structure"], one["match"], one["accepted_by"])
                groups.setdefault(kind, []).append((text_of(entry["patient"]), one["score"]))
    if not groups:
        yield Text("Every name was the TG-263 name, accepted by a person.")
        return
    rows = []
    for (structure, match, who), found in sorted(groups.items(), key=lambda item: (_place(item[0][0]), item[0])):
        patients = list(dict.fromkeys(patient for patient, _ in found))
        scores = [score for _, score in found if score is not None]
        shown = len(patients) if match == "fuzzy" or who == "score" else NAMED
        more = f" and {len(patients) - shown} more" if len(patients) > shown else ""
        lowest = f"{min(scores):g}" if scores else ""
        rows.append(
            (structure, match, f"the {who}" if who == "score" else f"a {who}", lowest, count_cell(len(patients)),
             ", ".join(patients[:shown]) + more)
        )  # fmt: skip
    caption = "Structures whose ROI did not bear the TG-263 name, or that no person accepted."
    columns = ("Structure", "Match", "Accepted by", "Lowest score", "Patients", "Study IDs")
    yield make_table("names-not-exact", caption, columns, rows)
