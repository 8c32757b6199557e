"""Damaged exports: every contradiction is named with its line, and nothing but the declared errors comes out."""

from __future__ import annotations

import random
import resource
import signal

import pytest

from lungtox.dose.dvhtext import read_dvh_text, scan_dvh_text
from lungtox.errors import InputError
from tests.unit import dvh_texts as texts

HANGS_S, MEGABYTES = 20, 200  # an input of some 10 kB takes milliseconds; this only ends one that would never end


def write(tmp_path, text):
    path = tmp_path / "export.txt"
    path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return path


def faults(tmp_path, text):
    with pytest.raises(InputError) as error:
        read_dvh_text(write(tmp_path, text))
    return [str(fault) for fault in error.value.faults]


def changed(text, number, line):
    lines = text.split("\n")
    lines[number - 1] = line
    return "\n".join(lines)


def line_of(text, start, *, after="Lung total"):
    """Number of the first line after the lung's heading that begins so."""
    lines = text.split("\n")
    first = next(n for n, line in enumerate(lines) if after in line)
    return next(n + 1 for n in range(first, len(lines)) if lines[n].split()[:1] == [start])


@pytest.mark.parametrize(
    ("row", "expected", "found"),
    [
        ("20 13.3 50", "dose and relative dose that go together as in the other rows", "20 Gy beside 13.3 %"),
        ("4 6.7 100", "doses that rise from row to row", "4 after 19"),
        ("19 31.7 51", "doses that rise from row to row", "19 after 19"),
        ("-20 33.3 50", "a dose of 0 or more", "-20"),
        ("20 33.3 55.5", "a cumulative volume that never rises", "55.5 after 55"),
        ("20 33.3 -1", "a volume of 0 or more", "-1"),
        ("20 33.3 150", "at most 100 %", "150 %"),
        ("20 33.3 nan", "numbers", "'nan'"),
        ("20 33.3 -inf", "numbers", "'-inf'"),
        ("20 33.3 1e999", "numbers", "something that is no number"),
        ("20 33.3 5_0", "numbers", "something that is no number"),
        ("20 33.3 ５０", "numbers", "something that is no number"),
        ("20 33.3 Mustermann", "numbers", "something that is no number"),
        ("20 33.3", "3 numbers", "2 values"),
        ("20 33.3 50 7", "3 numbers", "4 values"),
        ("20 33.3 50,0", "numbers", ""),
    ],
)
def test_eclipse_rows_are_named_with_their_line(tmp_path, row, expected, found):
    text = texts.eclipse()
    number = line_of(text, "20")
    told = faults(tmp_path, changed(text, number, row))
    assert any(f"line {number}" in fault and found in fault for fault in told), told
    if found:
        assert any(f"expected {expected}; found {found}" in fault for fault in told), told
    assert all("Mustermann" not in fault for fault in told)


def test_a_damaged_structure_leaves_the_others(tmp_path):
    text = texts.eclipse()
    number = line_of(text, "20")
    export = scan_dvh_text(write(tmp_path, changed(text, number, "4 6.7 100")))
    assert [dvh.structure for dvh in export.dvhs] == ["Cord"]
    assert [(item.structure, item.position) for item in export.unusable] == [("Lung total", 1)]
    assert export.names == {1: "Lung total", 2: "Cord"}


def test_many_damaged_rows_are_counted_not_listed(tmp_path):
    text = texts.eclipse()
    lines = text.split("\n")
    first = line_of(text, "0")
    for n in range(first, first + 25):
        lines[n] = "x y z"
    told = faults(tmp_path, "\n".join(lines))
    assert len(told) == 10
    assert "16 more" in told[-1] or "and 15 more" in told[-1]


def test_two_decimal_signs(tmp_path):
    text = texts.eclipse(comma=True, prescription="60.5")
    number = line_of(text, "20")
    told = faults(tmp_path, changed(text, number, "20 33.3 50"))
    assert told == [
        f"DVH file line {number}: expected one decimal sign in a file; found a decimal point after commas."
        " Export the file again: its rows are never repaired here."
    ]
    told = faults(tmp_path, texts.eclipse().replace("Volume [cm³]: 200", "Volume [cm³]: 1,200.5"))
    assert "line 18" in told[0] and "the volume as a number" in told[0]


def test_a_table_that_has_lost_its_end_or_its_beginning(tmp_path):
    lines = texts.eclipse(structures=[texts.LUNG]).split("\r\n")
    told = faults(tmp_path, "\n".join(lines[:-10]))  # up to 23 Gy
    assert "35 % of the volume at 23 Gy, a printed maximum of 30 Gy" in told[0]
    told = faults(tmp_path, "\n".join(line for line in lines[:-10] if not line.startswith("Max")))
    assert "goes on until no volume is left" in told[0]
    first = next(n for n, line in enumerate(lines) if line.split()[:1] == ["0"])
    told = faults(tmp_path, "\n".join([*lines[:first], *lines[first + 15 :]]))
    assert "begins at 100 %" in told[0]


def test_an_empty_structure_is_told_and_stops_nothing(tmp_path):
    cord = texts.eclipse(structures=[texts.CORD])
    empty = cord[cord.index("Structure:") :].replace("Cord", "Areola").replace("Volume [cm³]: 50", "Volume [cm³]: 0")
    heading = empty.index("Dose [Gy] R")
    for tail in (empty[:heading], empty[: empty.index("\r\n", heading)]):  # without and with a heading
        export = read_dvh_text(write(tmp_path, texts.eclipse() + "\r\n" + tail))
        assert [dvh.structure for dvh in export.dvhs] == ["Lung total", "Cord"]
        assert [(item.structure, item.empty) for item in export.unusable] == [("Areola", True)]
    # Cut off after the heading of a structure that has volume: that is damage.
    told = faults(tmp_path, texts.eclipse() + "\r\n" + tail.replace("Volume [cm³]: 0", "Volume [cm³]: 50"))
    assert "at least two rows; found 0" in told[0]


def test_a_volume_that_is_rounded_away_and_a_coverage_of_nothing(tmp_path):
    text = texts.eclipse().replace("Volume [cm³]: 50", "Volume [cm³]: 0.0")
    assert read_dvh_text(write(tmp_path, text)).dvhs[1].structure_cc is None
    told = faults(tmp_path, texts.eclipse().replace("Dose Cover.[%]: 100", "Dose Cover.[%]: 0"))
    assert "a share with dose above 0 and up to 100 %; found 0 %" in told[0]


def test_doses_in_cgy_under_a_heading_in_gy(tmp_path):
    told = faults(tmp_path, texts.eclipse(dose="cGy").replace("[cGy]", "[Gy]"))
    assert "expected doses of at most 200 Gy" in told[0]


def test_units_and_headings_that_are_not_known(tmp_path):
    rad = texts.eclipse().replace("Dose [Gy] R", "Dose [rad] R")
    assert "units that are known; found [rad]" in faults(tmp_path, rad)[0]
    assert "known ones only" in faults(tmp_path, texts.eclipse().replace("Relative dose [%]", "Biological dose [%]"))[0]
    assert "the heading of a table" in faults(tmp_path, texts.eclipse().replace("Dose [Gy] ", "Dosis [Gy] "))[0]


def test_cc_and_percent_that_contradict_each_other(tmp_path):
    text = "dose,volumeRel,volume,doseRel\n0,100,50,0\n1,60,30,50\n2,20,12,100\n3,0,0,150\n"
    told = faults(tmp_path, text.replace("dose,", "dose [Gy],", 1))
    assert told[0].startswith(
        "DVH file line 4, structure 1: expected the same share in cc and in percent; found 12 of 50 cc"
    )


def test_empty_binary_and_foreign_files(tmp_path):
    assert "an empty file" in faults(tmp_path, "\n \n")[0]
    assert "not text" in faults(tmp_path, b"\x89PNG\r\n\x00\x00")[0]
    assert "text of another kind" in faults(tmp_path, "study,age\nP001,70\n")[0]
    with pytest.raises(InputError, match="no such file"):
        read_dvh_text(tmp_path / "none.txt")
    with pytest.raises(InputError, match="no such file"):
        read_dvh_text(tmp_path)


def test_monaco_that_mixes_both_kinds_is_refused(tmp_path):
    cumulative, differential = texts.monaco(volume="%"), texts.monaco(volume="%", kind="differential")
    rows = [line for line in differential.split("\n") if line.startswith("Cord")]
    kept = [line for line in cumulative.split("\n") if not line.startswith("Cord")]
    told = faults(tmp_path, "\n".join([*kept[:-3], *rows, *kept[-3:]]))
    assert "structures of both kinds" in told[0] and "Cord" in told[0]


def test_printed_figures_are_compared_with_the_curve(tmp_path):
    text = texts.eclipse(volume="cm3", extra=["V20Gy [%]: 50.0", "D95% [Gy]: 11.0", "D2cc [Gy]: 29.80"])
    assert read_dvh_text(write(tmp_path, text)).dvhs[0].warnings == ()
    text = texts.eclipse(volume="cm3", extra=["V20Gy [%]: 58.0", "D95% [Gy]: 14.0", "V5Gy [cc]: 200"])
    text = text.replace("Mean Dose [Gy]: 20", "Mean Dose [Gy]: 23").replace("Volume [cm³]: 200", "Volume [cm³]: 230")
    lung = read_dvh_text(write(tmp_path, text)).dvhs[0]
    assert [warning.split(" (line")[0] for warning in lung.warnings] == [
        "volume is printed as 230 cc",
        "mean is printed as 23 Gy",
        "V20Gy[%] is printed as 58 %",
        "D95%[Gy] is printed as 14 Gy",
    ]
    assert lung.warnings[1].endswith("the curve gives 20 Gy")
    assert lung.mean_gy == pytest.approx(20.0)
    assert lung.structure_cc == pytest.approx(200.0)


SEEDS = [
    texts.eclipse(), texts.eclipse(kind="Differential", volume="cm3"), texts.eclipse(comma=True), texts.raystation(),
    texts.monaco(), texts.masterplan(), texts.xio(), texts.wide(), texts.columns(), texts.long(),
    "NumberOfDimensions = 2;\nNumberOfPoints = 2;\nPoints[] ={\n0,100,\n10,0,\n};\n",
]  # fmt: skip
SCRAPS = [b"\x00", b"\xff\xfe", b"nan", b"1e308", b"-", b",", b";", b"\t", b"\n", b"\r", b"[", b"]", b"%", b":", b"#",
          b"\"", b"Structure: ", b"#RoiName:", b"XiO Dose Volume Histogram\n", b"Dose: x\n", b"\xe2\x80\xa8",
          b"9" * 400, b"Plan sum: x\n", b"Structure Volume [cc]", b"|", b"\n\n", b"0 0 0\n", b"};\n"]  # fmt: skip


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Change, drop, repeat, move or insert some bytes."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(data) + 1)
        span = rng.choice((1, 1, 2, 8, 64, 512))
        action = rng.randrange(6)
        if action == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif action == 1:
            del data[at : at + span]
        elif action == 2:
            data[at:at] = data[at : at + span]
        elif action == 3:
            data[at:at] = rng.choice(SCRAPS)
        elif action == 4:
            start = rng.randrange(len(data) + 1)
            data[at:at] = data[start : start + span]
        else:
            del data[at:]
        if not data:
            data = bytearray(b" ")
    return bytes(data)


@pytest.fixture(autouse=True)
def no_input_hangs():
    def stop(*_):
        raise TimeoutError("reading hangs")

    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("head", ["", "Type : Cumulative Dose Volume Histogram\nStructure: a\n", "#RoiName:a\n",
    "Cumulative mode\nAbsolute dose - [Gy]\n", "XiO Dose Volume Histogram\n", "Dose [Gy],a [%]\n"])  # fmt: skip
@pytest.mark.parametrize("piece", [" ", "(", "[", "9", "V", ":", ",", '"', "\t", "a ", "1 2\n", "#x:y\n",
    "Structure: a\n", "Plan: a\n", "ROI:\n"])  # fmt: skip
def test_endless_repetitions_end(tmp_path, head, piece):
    # Patterns that look for white space twice take hours on a million spaces.
    signal.alarm(HANGS_S)
    with pytest.raises(InputError):
        read_dvh_text(write(tmp_path, head + piece * (200_000 // len(piece))))


def fuzz(tmp_path, count, seed):
    """Read mutated files; returns how many were read, and how many refused."""
    rng = random.Random(seed)
    path = tmp_path / "export.txt"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = refused = 0
    for _ in range(count):
        path.write_bytes(mutated(rng.choice(SEEDS).encode(rng.choice(("utf-8", "latin-1", "utf-16")), "replace"), rng))
        signal.alarm(HANGS_S)
        try:
            for dvh in scan_dvh_text(path).dvhs:
                made = dvh.to_dvh()
                assert made.volume_cc.min() >= 0
                assert made.volume_cc.sum() == pytest.approx(made.total_cc, rel=1e-6)
                assert made.structure_cc > 0
                assert made.cumulative.dose_at_gy(0.5 * made.total_cc) >= 0
            read += 1
        except InputError as error:
            refused += 1
            assert all(fault.found and fault.action for fault in error.faults)
        finally:
            signal.alarm(0)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < MEGABYTES
    return read, refused


def test_mutated_files_raise_only_declared_errors(tmp_path):
    read, refused = fuzz(tmp_path, 600, seed=4)
    assert read and refused


@pytest.mark.slow
def test_20000_mutated_files_raise_only_declared_errors(tmp_path):
    read, refused = fuzz(tmp_path, 20_000, seed=1)
    assert read + refused == 20_000
    assert min(read, refused) > 2_000
