"""DVH and metric tables: what is written comes back, and nothing else is accepted."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lungtox.dose import (
    DoseSettings,
    FunctionSettings,
    compute_metrics_table,
    dvh_from_samples,
    functional_dvhs,
    gather_metrics,
    gather_model_dvhs,
    read_dvhs,
    write_dvhs,
)
from lungtox.dose.dvh_table import dvh_schema, rebin
from lungtox.errors import InputError, ParameterError
from lungtox.tables import write_parquet

DOSE_GY = np.array([0, 2, 4, 6, 10, 15, 20, 25, 40, 60.0])
VOLUME_CC = np.full(10, 2.0)
Q = np.array([1, 2, 4, 6, 8, 10, 9, 5, 3, 0.5])


@pytest.fixture
def dvhs():
    physical = dvh_from_samples(DOSE_GY, VOLUME_CC, structure="Lungs-GTV", coverage_pct=99.0)
    eqd2 = dvh_from_samples(DOSE_GY / 2, VOLUME_CC, structure="Lungs-GTV", quantity="eqd2", alpha_beta_gy=3.0)
    functional = functional_dvhs(DOSE_GY, VOLUME_CC, Q, structure="Lungs-GTV", regions=["20%max"]).dvhs
    return [("P2", physical), ("P2", eqd2), *(("P2", dvh) for dvh in functional), ("P1", physical)]


@pytest.fixture
def table(dvhs, tmp_path):
    path = tmp_path / "P2.dvh.parquet"
    write_dvhs(dvhs, path)
    return path


def test_what_is_written_comes_back(dvhs, table):
    found = read_dvhs(table)
    assert [patient for patient, _ in found] == ["P2", "P2", "P2", "P2", "P1"]
    for (_, dvh), (_, before) in zip(found, dvhs, strict=True):
        assert dvh.volume_cc.tolist() == before.volume_cc.tolist()
        for name in ("structure", "weighting", "quantity", "alpha_beta_gy", "bin_width_gy", "total_cc", "min_gy",
                     "mean_gy", "max_gy", "coverage_pct"):  # fmt: skip
            assert getattr(dvh, name) == getattr(before, name)


def test_same_dvhs_same_bytes(dvhs, table, tmp_path):
    write_dvhs(dvhs, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == table.read_bytes()


def test_batch_in_which_nobody_could_be_used(tmp_path):
    write_dvhs([], tmp_path / "none.parquet")
    assert read_dvhs(tmp_path / "none.parquet") == []


def test_zero_bins_have_no_row(table):
    assert (pq.read_table(table)["volume_cc"].to_numpy() > 0).all()


def test_model_dvhs_are_streamed_and_rebinned(table, tmp_path):
    out = tmp_path / "model_dvhs.parquet"
    other = tmp_path / "P3.dvh.parquet"
    write_dvhs([("P3", dvh_from_samples([1.0, 60.0], [1.0, 3.0], structure="Lungs-GTV"))], other)
    selections = [("Lungs-GTV", "anatomical", "physical"), ("Lungs-GTV", "perfusion", "physical")]
    gather_model_dvhs([table, other], out, selections=selections)
    found = read_dvhs(out)
    assert [(p, d.weighting) for p, d in found] == [
        ("P2", "anatomical"), ("P2", "perfusion"), ("P1", "anatomical"), ("P3", "anatomical"),
    ]  # fmt: skip
    last = found[-1][1]
    assert (last.bin_width_gy, last.volume_cc[10], last.volume_cc[600], last.mean_gy) == (0.1, 1.0, 3.0, 45.25)


def test_bins_are_not_split():
    dvh = dvh_from_samples(DOSE_GY, VOLUME_CC, structure="L", bin_width_gy=0.04)
    with pytest.raises(ParameterError, match="whole multiple"):
        rebin(dvh, 0.1)
    assert rebin(dvh, 0.04) is dvh


def changed(table, column=None, values=None, summaries=None, drop=None):
    """Write the table again with something wrong in it."""
    content = pq.read_table(table)
    metadata = pq.ParquetFile(table).metadata.metadata[b"lungtox"].decode()
    if column is not None:
        at = content.schema.get_field_index(column)
        content = content.set_column(at, content.schema.field(at), pa.array(values(content[column].to_numpy().copy())))
    if drop is not None:
        content = content.drop_columns([drop])
    with pq.ParquetWriter(table, content.schema) as writer:
        writer.write_table(content)
        if summaries is not None:
            writer.add_key_value_metadata({"lungtox": json.dumps(summaries(json.loads(metadata)))})


def first(**values):
    def change(summaries):
        return [{**summaries[0], **values}, *summaries[1:]]

    return change


def unchanged(summaries):
    return summaries


def put(position, value):
    def change(values):
        values[position] = value
        return values

    return change


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"drop": "structure", "summaries": unchanged}, "columns"),
        ({"summaries": None}, "summary"),
        ({"summaries": lambda s: [{"patient": "P2"}]}, "summary"),
        ({"summaries": lambda s: s[:-1]}, "one block of rows"),
        ({"summaries": first(patient="P9")}, "one block of rows"),
        ({"summaries": first(volume_cc=21.0)}, "add up to 21"),
        ({"summaries": first(mean_gy=18.3)}, "with the mean 18.3"),
        ({"column": "dose_gy", "values": put(1, 2.005), "summaries": unchanged}, "multiples of 0.01"),
        ({"column": "dose_gy", "values": put(1, 0.0), "summaries": unchanged}, "ascending"),
        ({"column": "volume_cc", "values": put(1, -2.0), "summaries": unchanged}, "positive volumes"),
    ],
)
def test_tables_that_contradict_themselves_are_refused(table, changes, message):
    changed(table, **changes)
    with pytest.raises(InputError, match=message) as caught:
        read_dvhs(table)
    assert str(table.parent) not in str(caught.value)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "x.dvh.parquet"
    path.write_text("patient,dose\n")
    with pytest.raises(InputError, match="Parquet"):
        read_dvhs(path)


def test_schema_is_that_of_the_contract():
    assert dvh_schema().names == [
        "patient", "structure", "weighting", "quantity", "alpha_beta_gy", "bin_width_gy", "dose_gy", "volume_cc",
    ]  # fmt: skip


DOSE = DoseSettings.model_validate(
    {
        "structures": {"Lungs-GTV": {"union": ["Lung_L"]}, "Heart": {"union": ["Heart"]}},
        "metrics": {"Lungs-GTV": ["V20Gy[%]", "D25cc[Gy]"]},
    }
)


@pytest.mark.parametrize(("denominator", "fv20"), [("region", 37.5), ("structure", 30.0)])
def test_metrics_table(table, denominator, fv20):
    function = FunctionSettings(regions=["20%max"], metrics=["V20Gy"], denominator=denominator)
    rows = compute_metrics_table(table, dose=DOSE, function=function).to_pylist()
    found = {(r["patient"], r["weighting"], r["quantity"], r["metric"]): (r["value"], r["unit"]) for r in rows}
    assert len(rows) == len(found) == 8
    assert found["P2", "anatomical", "physical", "V20Gy[%]"] == (pytest.approx(40.0), "%")
    assert found["P2", "anatomical", "eqd2", "V20Gy[%]"] == (pytest.approx(20.0), "%")
    assert found["P2", "anatomical", "physical", "D25cc[Gy]"] == (None, "Gy")  # 20 cc have no D25cc
    assert found["P2", "perfusion", "physical", "V20Gy"] == (pytest.approx(36.0825, abs=1e-4), "%")
    assert found["P2", "functional:20%max", "physical", "V20Gy"] == (pytest.approx(fv20), "%")


def test_metrics_without_function_or_names(dvhs):
    heart = ("P1", dvh_from_samples(DOSE_GY, VOLUME_CC, structure="Heart"))
    rows = compute_metrics_table([heart, *dvhs], dose=DOSE, function=None).to_pylist()
    assert {(row["structure"], row["weighting"]) for row in rows} == {("Lungs-GTV", "anatomical")}


def test_gathered_metrics(table, dvhs, tmp_path):
    one, other = tmp_path / "a.metrics.parquet", tmp_path / "b.metrics.parquet"
    write_parquet(compute_metrics_table(dvhs[:1], dose=DOSE, function=None), one)
    write_parquet(compute_metrics_table(dvhs[-1:], dose=DOSE, function=None), other)
    gather_metrics([one, other], tmp_path / "metrics.csv")
    assert (tmp_path / "metrics.csv").read_text().splitlines() == [
        "patient,structure,weighting,quantity,metric,value,unit,low,high",
        "P2,Lungs-GTV,anatomical,physical,V20Gy[%],40.0,%,,",
        "P2,Lungs-GTV,anatomical,physical,D25cc[Gy],,Gy,,",
        "P1,Lungs-GTV,anatomical,physical,V20Gy[%],40.0,%,,",
        "P1,Lungs-GTV,anatomical,physical,D25cc[Gy],,Gy,,",
    ]
    with pytest.raises(InputError, match="some twice for P2"):
        gather_metrics([one, one], tmp_path / "metrics.csv")
    with pytest.raises(InputError, match="columns"):
        gather_metrics([table], tmp_path / "metrics.csv")
