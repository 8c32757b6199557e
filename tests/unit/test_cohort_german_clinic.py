"""The example of docs/tables.md on the demo as a German clinic would keep its tables: the same tables come back."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from lungtox.cohort import EndpointSettings, InputsSettings, TablesSettings, read_tables
from lungtox.cohort.cytokines import read_cytokines
from lungtox.tables import write_csv

from .test_synthetic_clinical import simulate

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "tables.md"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of the demo; its doses are not needed."""
    folder = tmp_path_factory.mktemp("clinic")
    cohort = simulate(150)
    write_csv(cohort.clinical, folder / "clinical.csv")
    write_csv(cohort.cytokines, folder / "cytokines.csv")
    return folder


@pytest.fixture(scope="module")
def mapping() -> dict[str, Any]:
    """The first YAML of the guide."""
    found = re.search(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.S)
    assert found is not None
    content: dict[str, Any] = yaml.safe_load(found[1])
    return content


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def german_day(text: str) -> str:
    return date.fromisoformat(text).strftime("%d.%m.%Y") if text else ""


def write_clinic(rows: list[dict[str, str]], columns: dict[str, Any], path: Path) -> None:
    """Write the clinical table as a workbook; every third date a real one, every second number a real one."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Tabelle1"
    headers = {ours: spec if isinstance(spec, str) else spec["column"] for ours, spec in columns.items()}
    sheet.append(["Klinik für Strahlentherapie"])
    sheet.append(["Name", *(f"{header} " for header in headers.values()), "FEV1 Soll (l)"])
    for number, row in enumerate(rows):
        cells: list[object] = [f"Geheim {number}"]
        for ours, spec in columns.items():
            text = row[ours]
            if ours == "patient":
                cells.append(7000 + number)
            elif isinstance(spec, dict) and "codes" in spec:
                back = {{True: "yes", False: "no"}.get(level, level): code for code, level in spec["codes"].items()}
                cells.append(back[text] if text else "k.A.")
            elif ours.endswith("_date"):
                missing = "lebt" if ours == "death_date" else None
                cells.append(date.fromisoformat(text) if text and number % 3 == 0 else german_day(text) or missing)
            else:  # FEV1 of 4 l predicted
                value = float(text) / (25.0 if ours == "fev1_pct" else 1.0) if text else None
                cells.append("k.A." if value is None else value if number % 2 else repr(value).replace(".", ","))
        sheet.append([*cells, 4])
    book.save(path)


def write_visits(rows: list[dict[str, str]], path: Path) -> None:
    """A visit at the end of RT, and one with the grade where there is one."""
    lines = ["Pat.-Nr.;Datum;Grad"]
    for number, row in enumerate(rows):
        lines.append(f"{7000 + number};{german_day(row['rt_end_date'])};0")
        if row["rp_date"]:
            lines.append(f"{7000 + number};{german_day(row['rp_date'])};{row['rp_grade']}")
    path.write_bytes("\n".join(lines).encode("cp1252"))


def write_draws(rows: list[dict[str, str]], patients: list[str], wide: dict[str, Any], path: Path) -> None:
    values = {(row["patient"], row["cytokine"], row["timepoint"]): row for row in rows}
    lines = [";".join(["Pat.-Nr.", "Platte", "Dosis bei Abnahme", *wide])]
    for number, patient in enumerate(patients):
        own = [values.get((patient, spec["cytokine"], spec["timepoint"])) for spec in wide.values()]
        dose = next((row["draw_dose_gy"] for row in own if row and row["timepoint"] == "during"), "")
        cells = [str(7000 + number), "1", dose]
        for row, spec in zip(own, wide.values(), strict=True):
            text = row["value"] if row else ""
            if text and spec.get("unit") == "ng/mL":
                side, plain = (text[0], text[1:]) if text[0] in "<>" else ("", text)
                text = f"{side}{float(plain) / 1000!r}"
            cells.append(text)
        lines.append(";".join(cells).replace(".", ","))
    path.write_text("\n".join(lines).replace("Pat,-Nr,", "Pat.-Nr."), encoding="utf-16")


def test_the_example_of_the_guide_gives_the_tables_of_the_demo(
    demo: Path, mapping: dict[str, Any], tmp_path: Path
) -> None:
    clinical, cytokines = rows_of(demo / "clinical.csv"), rows_of(demo / "cytokines.csv")
    patients = [row["patient"] for row in clinical]
    write_clinic(clinical, mapping["tables"]["clinical"]["columns"], tmp_path / "Klinik.xlsx")
    write_visits(clinical, tmp_path / "Pneumonitis.csv")
    write_draws(cytokines, patients, mapping["tables"]["cytokines"]["wide"], tmp_path / "Zytokine.csv")
    key = "study_id,patient_id\n" + "".join(f"{patient},000{7000 + n}\n" for n, patient in enumerate(patients))
    (tmp_path / "key.csv").write_text(key)
    # The clinical table has real numbers for patient IDs, which lost their zeros; text keeps them.
    for name in ("Pneumonitis.csv", "Zytokine.csv"):
        encoding = "utf-16" if name.startswith("Z") else "cp1252"
        text = (tmp_path / name).read_text(encoding=encoding)
        (tmp_path / name).write_text(re.sub(r"^7", "0007", text, flags=re.M), encoding=encoding)
    inputs = InputsSettings(
        patients="x", structures="x", clinical=str(tmp_path / "Klinik.xlsx"), grades=str(tmp_path / "Pneumonitis.csv"),
        cytokines=str(tmp_path / "Zytokine.csv"), key=str(tmp_path / "key.csv"),
    )  # fmt: skip
    tables = TablesSettings.model_validate(mapping["tables"])
    found = read_tables(inputs, tables=tables, endpoint=EndpointSettings(window_months=60))
    assert [str(fault) for fault in found.faults] == []
    found.write(clinical=tmp_path / "c.csv", cytokines=tmp_path / "y.csv", remarks=tmp_path / "r.json")

    for one, other in zip(rows_of(tmp_path / "c.csv"), clinical, strict=True):
        assert float(one.pop("age_y") or -1) == pytest.approx(float(other["age_y"] or -1))
        assert float(one.pop("fev1_pct") or -1) == pytest.approx(float(other["fev1_pct"] or -1))
        assert one == {name: other[name] for name in one}
    expected = read_cytokines(demo / "cytokines.csv").set_index(["patient", "cytokine", "timepoint"]).sort_index()
    wanted = expected[expected.index.get_level_values("cytokine") != "tnfa"]
    read = read_cytokines(tmp_path / "y.csv").set_index(["patient", "cytokine", "timepoint"]).sort_index()
    assert list(read.index) == list(wanted.index)
    assert read["value"].tolist() == pytest.approx(wanted["value"].tolist())
    for column in ("below", "above", "unit"):
        assert read[column].tolist() == wanted[column].tolist()
    for text in ("Geheim", "7001", "Klinik"):
        assert all(text not in (tmp_path / name).read_text() for name in ("c.csv", "y.csv", "r.json"))
