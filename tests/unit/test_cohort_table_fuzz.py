"""Damaged tables: whatever stands in the file, only the declared error comes out."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lungtox.cohort.elisa_plate import read_plate
from lungtox.cohort.key_file import read_key
from lungtox.errors import InputError

from .table_files import HEADER, ROWS, read, write_text_table, write_workbook

CYTOKINES = [["ID", "IL6", "Dosis"], ["LT001", "<2,5", "44"], ["LT002", ">400", "45"]]
WIDE = {"columns": {"patient": "ID"}, "unit": "pg/mL", "wide": {"IL6": {"cytokine": "il6", "timepoint": "pre"}}}
# Signs that mean something to one of the readers.
TOKENS = [
    b";", b",", b"\t", b"|", b'"', b"\n", b"\r", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"sep=;\n",
    b"<", b">", b".", b"1e999", b"nan", b"0" * 400, b"99999999999", b"31.02.2020", b"<v>", b"</v>", b't="e"',
    b'r="XFD1048576"',
]  # fmt: skip


def damaged(content: bytes, draw: random.Random) -> bytes:
    """Change, insert, cut or repeat a few bytes."""
    found = bytearray(content)
    for _ in range(draw.randint(1, 6)):
        place = draw.randrange(len(found) + 1)
        match draw.randrange(5):
            case 0 if place < len(found):
                found[place] = draw.randrange(256)
            case 1:
                found[place:place] = draw.choice(TOKENS)
            case 2:
                del found[place : place + draw.randint(1, 40)]
            case 3:
                del found[place:]
            case _:
                found[place:place] = found[max(0, place - 30) : place]
    return bytes(found)


def originals(folder: Path) -> dict[str, bytes]:
    plain = [[text or None for text in row] for row in ROWS]
    columns = {name: [row[place] for row in plain] for place, name in enumerate(HEADER)}
    pq.write_table(pa.table(columns), folder / "o.parquet", compression="none")
    return {
        "csv": write_text_table(folder / "o.csv", [HEADER, *ROWS]).read_bytes(),
        "utf-16": write_text_table(folder / "o16.csv", [HEADER, *ROWS], encoding="utf-16").read_bytes(),
        "xlsx": write_workbook(folder / "o.xlsx", [HEADER, *ROWS]).read_bytes(),
        "sheet": write_workbook(folder / "s.xlsx", [HEADER, *ROWS]).read_bytes(),
        "parquet": (folder / "o.parquet").read_bytes(),
        "cytokines": write_text_table(folder / "c.csv", CYTOKINES).read_bytes(),
        "key": b'{"patients": {"LT001": {"patient_id": "4711"}, "LT002": {"patient_id": "4712"}}}',
        "plate": b"role;sample;concentration;absorbance;dilution\n" + b"".join(
            b"standard;;%d;%.3f;\n" % (dose, 0.1 + dose / (dose + 50)) for dose in (0, 5, 10, 20, 40, 80, 160)
        ) + b"sample;S1;;0.5;2\n",
    }  # fmt: skip


def damage_sheet(content: bytes, draw: random.Random) -> bytes:
    """Damage the XML inside a workbook, whose checksums stay right."""
    import io
    import zipfile

    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(result, "w") as changed:
        names = [entry.filename for entry in archive.infolist()]
        victim = draw.choice([name for name in names if "sheet1" in name or "workbook" in name or "styles" in name])
        for name in names:
            part = archive.read(name)
            changed.writestr(name, damaged(part, draw) if name == victim else part)
    return result.getvalue()


def run(folder: Path, kind: str, content: bytes) -> None:
    clinical, path = folder / "o.csv", folder / "damaged"
    path.write_bytes(content)
    try:
        if kind == "key":
            read_key(path)
        elif kind == "plate":
            read_plate(path)
        else:
            # Nothing is raised: what is wrong with a table stands in its faults.
            wide = kind == "cytokines"
            found = read(
                clinical if wide else path,
                cytokines=path if wide else None,
                tables={"cytokines": WIDE} if wide else None,
            )
            assert found.faults or found.clinical_frame is not None
    except InputError as error:
        assert error.faults


def fuzz(folder: Path, count: int, seed: int) -> None:
    draw = random.Random(seed)
    files = originals(folder)
    for number in range(count):
        kind = draw.choice(list(files))
        state = draw.getstate()
        try:
            content = damage_sheet(files[kind], draw) if kind == "sheet" else damaged(files[kind], draw)
            run(folder, kind, content)
        except Exception as error:
            draw.setstate(state)
            raise AssertionError(f"input {number} of seed {seed} ({kind})") from error


def test_damaged_tables_give_the_declared_error_only(tmp_path: Path) -> None:
    fuzz(tmp_path, 600, seed=4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_twenty_thousand_damaged_tables_give_the_declared_error_only(tmp_path: Path, seed: int) -> None:
    fuzz(tmp_path, 5000, seed=100 + seed)
