"""Every planning system's export, in its documented layout, gives the figures worked out in dvh_texts.py."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import approx

from lungtox.dose.dvhtext import read_dvh_text, scan_dvh_text
from lungtox.errors import InputError, ParameterError
from tests.unit import dvh_texts as texts


def read(tmp_path, text, encoding="utf-8", **options):
    path = tmp_path / "Mustermann_Erika_987654321.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read_dvh_text(path, **options)


def check_lung(export, *, cc=True, abs_gy=1e-6):
    lung = export.dvhs[0]
    assert lung.structure == "Lung total"
    assert list(lung.metrics(texts.METRICS).values()) == approx(texts.LUNG_METRICS, rel=1e-4, abs=abs_gy)
    if cc:
        assert lung.structure_cc == approx(200.0, rel=1e-5)
        assert lung.metrics(texts.CC_METRICS) == approx(texts.CC_METRICS, rel=1e-4)
    assert [dvh.structure for dvh in export.dvhs] == ["Lung total", "Cord"]
    assert export.dvhs[1].mean_gy == approx(5.0, abs=max(abs_gy, 1e-4))
    return lung


@pytest.mark.parametrize("dose", ["Gy", "cGy"])
@pytest.mark.parametrize("volume", ["%", "cm3"])
@pytest.mark.parametrize("order", [("dose", "relative", "volume"), ("relative", "dose", "volume"), ("dose", "volume")])
def test_eclipse_cumulative(tmp_path, dose, volume, order):
    export = read(tmp_path, texts.eclipse(dose=dose, volume=volume, order=order))
    assert export.system == "Eclipse"
    lung = check_lung(export)
    assert lung.warnings == ()
    assert (lung.prescription_gy, lung.full_dose_gy) == (60.0, 60.0)


@pytest.mark.parametrize("cc", ["cc", "cm3", "cm^3", "cm³", "ccm", "cmÂ³"])
def test_eclipse_spellings_of_cubic_centimetres(tmp_path, cc):
    check_lung(read(tmp_path, texts.eclipse(volume="cc", cc=cc)))


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("latin-1"),
        lambda text: text.encode("utf-8"),
        lambda text: codecs.BOM_UTF8 + text.encode("utf-8"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\r\n", "\n").encode("cp1252"),
        lambda text: text.replace("\r\n", "\r").encode("utf-8"),
    ],
    ids=["latin-1", "utf-8", "bom", "utf-16", "unix", "mac"],
)
def test_eclipse_encodings_and_line_ends(tmp_path, encode):
    check_lung(read(tmp_path, encode(texts.eclipse(volume="cc", cc="cm³"))))


@pytest.mark.parametrize(
    "date",
    [
        "Montag, 3. März 2014 11:12:13",
        "05.24.2013  00:00:00",
        "2014年3月3日 11:12",
        "lundi 3 mars 2014",
        "3/3/2014 1:02 PM",
    ],
)
def test_eclipse_dates_of_any_locale(tmp_path, date):
    check_lung(read(tmp_path, texts.eclipse(date=date)))


@pytest.mark.parametrize("kind", ["Cumulative", "Differential"])
def test_eclipse_decimal_comma(tmp_path, kind):
    check_lung(read(tmp_path, texts.eclipse(kind=kind, comma=True, prescription="60.5", dose="Gy")))


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0], ids=["lower edge", "middle", "upper edge"])
@pytest.mark.parametrize("volume", ["%", "cm3"])
@pytest.mark.parametrize("dose", ["Gy", "cGy"])
def test_eclipse_differential_finds_the_place_in_the_bin_by_the_printed_mean(tmp_path, place, volume, dose):
    export = read(tmp_path, texts.eclipse(kind="Differential", volume=volume, dose=dose, place=place))
    check_lung(export)
    assert export.dvhs[0].warnings == ()


def test_eclipse_relative_dose_alone_needs_the_prescription(tmp_path):
    order = ("relative", "volume")
    check_lung(read(tmp_path, texts.eclipse(order=order)))
    # 50 Gy to the 80 % isodose: 100 % is 62.5 Gy.
    lung = check_lung(read(tmp_path, texts.eclipse(order=order, prescription="50", percent="80")))
    assert (lung.full_dose_gy, lung.prescription_gy) == (62.5, 50.0)
    with pytest.raises(InputError, match=r"line 14, Lung total: expected the prescribed dose of a table in percent"):
        read(tmp_path, texts.eclipse(order=order, prescription="not defined", percent="not defined"))


def test_eclipse_relative_dose_that_is_not_of_the_prescription_is_told(tmp_path):
    text = texts.eclipse().replace("Prescribed dose [Gy]: 60", "Prescribed dose [Gy]: 66")
    lung = check_lung(read(tmp_path, text))
    assert lung.warnings == ("100 % of dose is 66 Gy by the prescription, the rows have 60 Gy",)


@settings(max_examples=40, deadline=None)
@given(
    volume_cc=st.floats(0.5, 9000).map(lambda value: float(f"{value:.6g}")),
    low=st.integers(0, 14),
    high=st.integers(15, 32),
    dose=st.sampled_from(["Gy", "cGy"]),
    volume=st.sampled_from(["%", "cm3"]),
    kind=st.sampled_from(["Cumulative", "Differential"]),
    order=st.sampled_from([("dose", "relative", "volume"), ("relative", "dose", "volume"), ("dose", "volume")]),
    comma=st.booleans(),
)
def test_whatever_is_written_as_eclipse_does_comes_back(tmp_path_factory, volume_cc, low, high, **layout):
    lung = ("Lung", volume_cc, float(low), float(high))
    export = read(tmp_path_factory.mktemp("dvh"), texts.eclipse(structures=[lung], **layout))
    (found,) = export.dvhs
    assert found.warnings == ()
    assert found.structure_cc == approx(volume_cc, rel=1e-6)
    expected = {"Mean": (low + high) / 2, "Min": low, "Max": high, "V15Gy": 100 * texts.share(lung, 15)}
    assert found.metrics(expected) == approx(expected, rel=1e-5, abs=1e-5)


def test_eclipse_plan_sum(tmp_path):
    plan = "Plan sum: GEHEIMPLAN"
    export = read(tmp_path, texts.eclipse(plan=plan, prescription="not defined", percent="not defined"))
    lung = check_lung(export)
    assert lung.plan_sum
    assert lung.prescription_gy is None
    assert lung.warnings == ("a sum of several plans",)


def test_eclipse_several_plans_keep_their_own_prescription(tmp_path):
    first, second = texts.eclipse(), texts.eclipse(prescription="50").replace("GEHEIMPLAN", "ZWEI")
    head = second[second.index("Plan: ZWEI") : second.index("Structure:")]
    where = first.index("Structure:")
    text = first[:where] + head + first[where:] + second[second.index("Structure:") :]
    export = read(tmp_path, text)
    assert [(dvh.structure, dvh.plan, dvh.prescription_gy) for dvh in export.dvhs] == [
        ("Lung total", 1, 60.0), ("Cord", 1, 60.0), ("Lung total", 2, 50.0), ("Cord", 2, 50.0),
    ]  # fmt: skip
    assert [dvh.position for dvh in export.dvhs] == [1, 2, 3, 4]


def test_eclipse_table_that_ends_before_the_maximum_is_closed_there(tmp_path):
    # Doses in whole Gy with a maximum between two of them: the last row still has volume.
    structures = (("Lung total", 200.0, 10.0, 30.0), ("Cord", 50.0, 0.0, 31.5))
    text = texts.eclipse(structures=structures).replace("32 ", "XX ", 0)
    lines = [line for line in text.split("\r\n") if not line.split() or line.split()[0] != "32"]
    cord = read(tmp_path, "\r\n".join(lines)).dvhs[1]
    assert cord.max_gy == 31.5
    assert cord.mean_gy == approx(15.75, abs=1e-6)


@pytest.mark.parametrize("unit", ["Gy", "cGy"])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("key", ["Dose unit", "Unit"])
def test_raystation(tmp_path, unit, descending, key):
    export = read(tmp_path, texts.raystation(unit=unit, descending=descending, key=key))
    assert export.system == "RayStation"
    lung = check_lung(export, cc=False, abs_gy=1e-3)
    assert lung.structure_cc is None
    assert "not in the file" in lung.warnings[0]
    with pytest.raises(ParameterError, match="no metrics in cc"):
        lung.metrics(["V20Gy[cc]"])
    with pytest.raises(ParameterError, match="no metrics in cc"):
        lung.metrics(["D2cc[Gy]"])


def test_raystation_with_volume_and_absolute_volumes(tmp_path):
    check_lung(read(tmp_path, texts.raystation(extra="#RoiVolume: {whole}")), abs_gy=1e-3)
    extra = "#Volume unit: cc\n#Roi volume: {whole}"
    check_lung(read(tmp_path, texts.raystation(volume="cc", extra=extra)), abs_gy=1e-3)


def test_raystation_share_outside_the_dose_grid(tmp_path):
    text = texts.raystation().replace("outside grid: 0 %", "outside grid: 12 %")
    lung = read(tmp_path, text).dvhs[0]
    assert lung.coverage_pct == 88.0
    assert any("only 88 %" in text for text in lung.warnings)


@pytest.mark.parametrize("dose", ["Gy", "cGy"])
@pytest.mark.parametrize(
    ("volume", "kind"), [("cm³", "cumulative"), ("cc", "cumulative"), ("%", "cumulative"), ("%", "differential")]
)
def test_monaco(tmp_path, dose, volume, kind):
    export = read(tmp_path, texts.monaco(dose=dose, volume=volume, kind=kind))
    assert export.system == "Monaco"
    lung = check_lung(export, cc=volume != "%")
    assert any(kind in text for text in lung.warnings)


def test_monaco_differential_in_cc_rises_and_falls(tmp_path):
    text = texts.monaco(kind="differential")
    lines = text.split("\n")
    for index, line in enumerate(lines):  # as noise of sampling does: +- 0.5 cc in turn
        parts = line.rsplit(None, 2)
        if len(parts) == 3 and parts[2].replace(".", "").isdigit() and float(parts[2]) > 0:
            lines[index] = f"{parts[0]:<25} {parts[1]} {float(parts[2]) + (0.5 if index % 2 else -0.5):.4f}"
    lung = read(tmp_path, "\n".join(lines)).dvhs[0]
    assert lung.mean_gy == approx(20.0, abs=0.03)  # 0.5 cc in 200, half a Gy from its neighbour
    assert lung.structure_cc == approx(200.0)


def test_monaco_relative_dose_is_refused_because_the_file_has_no_prescription(tmp_path):
    text = texts.monaco().replace("Dose Units: Gy", "Dose Units: %")
    with pytest.raises(InputError, match="prescribed dose"):
        read(tmp_path, text)


def test_masterplan(tmp_path):
    export = read(tmp_path, texts.masterplan())
    assert export.system == "MasterPlan"
    check_lung(export)
    check_lung(read(tmp_path, texts.masterplan(volume="%")), cc=False)


@pytest.mark.parametrize("per_dose", [False, True], ids=["volume of the bin", "volume per Gy"])
def test_masterplan_differential_percent_tells_itself_what_it_means(tmp_path, per_dose):
    check_lung(read(tmp_path, texts.masterplan(mode="Differential", volume="%", per_dose=per_dose)), cc=False)


def test_masterplan_differential_cc_is_refused(tmp_path):
    with pytest.raises(InputError, match="line 7, Lung total: expected a histogram whose meaning is known"):
        read(tmp_path, texts.masterplan(mode="Differential"))


def test_xio(tmp_path):
    export = read(tmp_path, texts.xio())
    assert export.system == "XiO"
    check_lung(export)


def test_xio_that_is_cut_off(tmp_path):
    with pytest.raises(InputError, match=r"line 6, Lung total: expected 33 bins; found 32"):
        read(tmp_path, texts.xio(count=33))


@pytest.mark.parametrize("volume", ["ccm", "%"])
def test_pinnacle_folder(tmp_path, volume):
    export = read_dvh_text(texts.pinnacle(tmp_path / "export", volume=volume))
    assert export.system == "Pinnacle"
    lung = check_lung(export)
    assert (lung.fractions, lung.prescription_gy, lung.warnings) == (30, 60.0, ())


def test_a_pinnacle_curve_alone_has_no_units(tmp_path):
    folder = texts.pinnacle(tmp_path / "export")
    with pytest.raises(InputError, match="the folder of the export"):
        read_dvh_text(folder / "Data" / "curve0.csv")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("unit", ["Gy", "cGy"])
@pytest.mark.parametrize("values", ["%", "cc"])
def test_wide_table_with_one_row_a_roi(tmp_path, separator, unit, values):
    check_lung(read(tmp_path, texts.wide(separator=separator, unit=unit, values=values)))


def test_a_column_called_name_may_be_the_patients_and_is_not_taken_for_the_structure(tmp_path):
    text = texts.wide().replace("PatientID,ROI", "Name,ROI").replace("987654321", "Mustermann")
    assert "Mustermann" not in repr(check_lung(read(tmp_path, text)))
    with pytest.raises(InputError, match="text of another kind"):
        read(tmp_path, texts.wide().replace("PatientID,ROI", "PatientID,Name"))


def test_wide_table_with_decimal_commas(tmp_path):
    check_lung(read(tmp_path, texts.wide(separator=";", comma=True)))


def test_wide_table_without_units_of_volume_tells_them_by_the_first_column(tmp_path):
    check_lung(read(tmp_path, texts.wide().replace("[%]", "")))
    check_lung(read(tmp_path, texts.wide(values="cc").replace("[cc]", "")))
    ambiguous = texts.wide().replace("[%]", "").replace("Lung total,200,", "Lung total,100,")
    with pytest.raises(InputError, match=r"line 2, Lung total: expected volumes in % or in cc; found both possible"):
        read(tmp_path, ambiguous)


def test_wide_table_without_a_unit_of_dose(tmp_path):
    text = texts.wide().replace("Gy[%]", "")
    with pytest.raises(InputError, match="expected one unit of dose"):
        read(tmp_path, text)
    check_lung(read(tmp_path, text, dose_unit="Gy"))


def test_table_with_one_column_a_roi(tmp_path):
    check_lung(read(tmp_path, texts.columns()))
    export = read(tmp_path, texts.columns(headers=("Lung total [%]", "Cord (%)")))
    assert check_lung(export, cc=False).structure_cc is None
    with pytest.raises(InputError, match="a unit of volume for Cord"):
        read(tmp_path, texts.columns(headers=("Lung total [%]", "Cord")))


def test_long_table(tmp_path):
    check_lung(read(tmp_path, texts.long()), cc=False)


@pytest.mark.parametrize(
    "text",
    [
        texts.eclipse(), texts.eclipse(plan="Plan sum: GEHEIMPLAN"), texts.raystation(), texts.monaco(),
        texts.masterplan(), texts.xio(), texts.wide(),
    ],
)  # fmt: skip
def test_no_identifier_leaves_the_reader(tmp_path, text):
    found = repr(scan_dvh_text_of(tmp_path, text))
    # Damaged in every line in turn, so that as many different messages as possible are made.
    lines = text.split("\n")
    for index in range(0, len(lines), max(1, len(lines) // 25)):
        for damage in ("", "nan nan", lines[index][: len(lines[index]) // 2], "Structure: "):
            broken = "\n".join([*lines[:index], damage, *lines[index + 1 :]])
            found += repr(scan_dvh_text_of(tmp_path, broken))
    assert "Lung total" in found
    assert [secret for secret in texts.SECRETS if secret in found] == []


def scan_dvh_text_of(tmp_path, text):
    path = tmp_path / "Mustermann_Erika_987654321.txt"
    path.write_text(text, encoding="utf-8")
    try:
        return scan_dvh_text(path)
    except InputError as error:
        return str(error)
