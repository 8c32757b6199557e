"""Tables survive the round trip bit for bit, and nothing half-written stays behind."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lungtox.tables import atomic_path, read_csv, read_json, read_parquet, write_csv, write_json, write_parquet


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_floats_survive_csv_bit_for_bit(tmp_path: Path, values: list[float]) -> None:
    path = tmp_path / "t.csv"
    write_csv(pd.DataFrame({"x": values}), path)
    assert [float(x).hex() for x in read_csv(path, dtype={"x": float})["x"]] == [float(x).hex() for x in values]


def test_na_and_none_are_text_and_only_the_empty_field_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\nNA,None\n,x\n")
    table = read_csv(path)
    assert table["a"].tolist()[0] == "NA"
    assert table["b"].tolist() == ["None", "x"]
    assert math.isnan(table["a"].tolist()[1])


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="stop"), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise ValueError("stop")
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["t.txt"]


def test_json_refuses_nan_and_keeps_order(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json({"x": math.nan}, path)
    assert not path.exists()
    write_json({"b": 1, "a": "Å"}, path)
    assert list(json.loads(path.read_text(encoding="utf-8"))) == ["b", "a"]
    assert read_json(path) == {"b": 1, "a": "Å"}


def test_schema_is_checked_on_write_and_on_read(tmp_path: Path) -> None:
    schema = pa.DataFrameSchema({"x": pa.Column(float, pa.Check.ge(0))}, strict=True)
    path = tmp_path / "t.csv"
    with pytest.raises(pa.errors.SchemaErrors):
        write_csv(pd.DataFrame({"x": [-1.0]}), path, schema=schema)
    assert not path.exists()
    path.write_text("x\n-1.0\n")
    with pytest.raises(pa.errors.SchemaErrors):
        read_csv(path, schema=schema)


def test_parquet_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    table = pyarrow.table({"x": [0.1, 0.2], "s": ["a", "b"]})
    write_parquet(table, tmp_path / "a.parquet")
    write_parquet(table, tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert read_parquet(tmp_path / "a.parquet", columns=["x"]).to_pydict() == {"x": [0.1, 0.2]}
