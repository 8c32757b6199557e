"""The key file: patient IDs become study IDs, and are never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lungtox.cohort.key_file import read_key
from lungtox.errors import InputError

from .table_files import HEADER, ROWS, faults_of, read, write_text_table, write_workbook

IDS = {"LT001": "SECRET-4711", "LT002": "0081500"}


def write_key(folder: Path, content: object, name: str = "key.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    "content",
    [
        {
            "version": 1,
            "hmac_key": "00",
            "files": {"F1": "a/b"},
            "patients": {study: {"patient_id": own, "links": {}, "known": {}} for study, own in IDS.items()},
        },  # as `lungtox index` writes it
        {study: {"patient_id": own} for study, own in IDS.items()},
        {own: {"study_id": study} for study, own in IDS.items()},
        [{"study_id": study, "patient_id": own} for study, own in IDS.items()],
        IDS,
        "study_id,patient_id\n" + "".join(f"{study},{own}\n" for study, own in IDS.items()),
    ],
)
def test_every_form_of_the_key_file(tmp_path: Path, content: object) -> None:
    key = read_key(write_key(tmp_path, content))
    assert key.study_ids == {own: study for study, own in IDS.items()}
    assert key.remarks == ()
    assert "SECRET" not in repr(key)


def test_patient_ids_become_study_ids_and_lost_zeros_are_found(tmp_path: Path) -> None:
    rows = [["SECRET-4711 ", *ROWS[0][1:]], [81500, *ROWS[1][1:]]]  # a spreadsheet's number has lost its zeros
    found = read(write_workbook(tmp_path / "k.xlsx", [HEADER, *rows]), key=write_key(tmp_path, IDS))
    assert faults_of(found) == []
    assert found.clinical_frame["patient"].tolist() == ["LT001", "LT002"]  # type: ignore[union-attr]
    text = read(write_text_table(tmp_path / "k.csv", [HEADER, *rows]), key=write_key(tmp_path, IDS))
    assert len(text.faults) == 1  # text that differs is another ID


def test_strangers_are_named_by_row_only_or_left_out(tmp_path: Path) -> None:
    rows = [["SECRET-4711", *ROWS[0][1:]], ["SECRET-1", *ROWS[1][1:]], ["SECRET-2", *ROWS[1][1:]]]
    path, key = write_text_table(tmp_path / "k.csv", [HEADER, *rows]), write_key(tmp_path, IDS)
    (fault,) = faults_of(read(path, key=key))
    assert "clinical table, lines 3, 4, column 'PatID' (patient): expected a patient ID of the key file" in fault
    assert "SECRET" not in fault
    found = read(path, key=key, others="leave_out")
    assert found.clinical_frame["patient"].tolist() == ["LT001"]  # type: ignore[union-attr]
    assert "clinical table: 2 rows of patients whom the key file does not know left out." in found.remarks


def test_a_table_with_study_ids_says_so(tmp_path: Path) -> None:
    path = write_text_table(tmp_path / "k.csv", [HEADER, *ROWS])
    assert faults_of(read(path, key=write_key(tmp_path, IDS))) == []  # the key knows its own study IDs
    other = write_key(tmp_path, {"LT009": "SECRET-9"})
    assert "expected a patient ID of the key file" in faults_of(read(path, key=other))[0]
    assert faults_of(read(path, key=other, ids="study")) == []
    assert "config: inputs.key: expected a key file for the clinical table" in faults_of(read(path, ids="hospital"))[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {"LT001": "SECRET", "LT002": "SECRET"},
            "each patient ID under one study ID; found the patient ID of LT001 again",
        ),
        ({"LT 001": "SECRET"}, "a study ID of letters, digits, _ and -; found another text"),
        ({}, "no patients in it"),
        ("{broken", "JSON that cannot be read"),
        ("a,b\nSECRET,1\n", "other columns"),
    ],
)
def test_a_key_file_that_cannot_be_used(tmp_path: Path, content: object, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_key(write_key(tmp_path, content))
    assert words in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_key_file_that_others_can_read_is_a_remark(tmp_path: Path) -> None:
    path = write_key(tmp_path, IDS)
    path.chmod(0o644)
    assert "others than its owner can read it" in read_key(path).remarks[0]
