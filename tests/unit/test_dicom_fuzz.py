"""Broken bytes: every DICOM entry point gives a result or a declared error, within bounded memory and time."""

import json
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from lungtox.dicom import read_dose, read_function_image, read_structures
from lungtox.errors import InputError
from tests.unit import dicom_files as make

PROJECT = Path(__file__).parents[2]


def run(inputs, seed):
    """The child limits its own memory and CPU time, and dies where it would take more."""
    command = [sys.executable, "-m", "tests.unit.dicom_fuzz", str(inputs), str(seed)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_some_broken_files():
    outcome = run(500, 20261121)
    assert outcome["wrong"] == 0
    assert outcome["read"] > 0 and outcome["refused"] > 0


@pytest.mark.slow
def test_twenty_thousand_broken_files():
    outcome = run(20_000, 1)
    assert outcome["wrong"] == 0
    assert outcome["memory_mb"] < 500


def test_one_endless_number_does_not_widen_all_others(tmp_path):
    # An array of texts is as wide as its longest: 20,000 numbers beside one of 1 MB would take 20 GB.
    text = b"1\\" * 20_000 + b"1" * 1_000_000
    ring = make.contour(make.square(3.0))
    ring[0x30060050] = RawDataElement(Tag(0x30060050), "DS", len(text), text, 0, True, True)
    path = make.save(make.structures({1: ("Lung", [ring])}), tmp_path / "a", implicit=True)
    with pytest.raises(InputError, match="x, y, z in mm"):
        read_structures(path, names=["Lung"])


def test_more_frames_than_any_image_has_are_refused(tmp_path):
    spect = make.changed(make.spect(np.ones((3, 4, 5), "<u2")), NumberOfFrames=2_147_483_647)
    with pytest.raises(InputError, match="frames"):
        read_function_image(make.save(spect, tmp_path / "a"))
    dose = make.changed(make.dose(np.ones((3, 4, 5), "<u2")), NumberOfFrames=2_147_483_647)
    with pytest.raises(InputError, match="frames"):
        read_dose(make.save(dose, tmp_path / "b"))


def test_a_dose_that_inflates_without_end_is_refused(tmp_path):
    path = make.save(make.dose(np.ones((3, 4, 5), "<u2")), tmp_path / "a")
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    assert read_dose(path).image.values.max() > 0
    content = path.read_bytes()
    engine = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    bomb = b"".join(engine.compress(bytes(1 << 24)) for _ in range(9)) + engine.flush()
    path.write_bytes(content[: 144 + int.from_bytes(content[140:144], "little")] + bomb)
    with pytest.raises(InputError, match="cannot be read as DICOM"):
        read_dose(path)
