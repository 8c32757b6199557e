"""Broken bytes for every DICOM entry point: ``python -m tests.unit.dicom_fuzz COUNT SEED``.

Runs with an upper limit of memory and CPU time. Prints a line for every input after which another error than the
declared ones came out, and a last line with how many were read, refused, and the largest memory in MB.
"""

from __future__ import annotations

import json
import random
import re
import resource
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lungtox.dicom import (
    Refusal,
    read_dose,
    read_dose_header,
    read_function_image,
    read_header,
    read_plan,
    read_registration,
    read_structure_names,
    read_structures,
)
from lungtox.errors import InputError
from tests.unit import dicom_files as make
from tests.unit import registration_files as objects

MEMORY_BYTES = 3 << 30  # address space, most of it libraries; the inputs are below 20 kB
CPU_S_EACH = 0.25  # on average over all inputs, with a floor of 120 s
TELLING = (0, 1, 2, 3, 5, 8, 10, 32, 47, 92, 127, 128, 254, 255)


def seeds(folder: Path) -> dict[str, tuple[bytes, tuple[Callable[[Path], Any], ...]]]:
    """Small valid files, and the entry points that take each."""
    square = make.contour(make.square(3.0))
    rois = {number: (f"ROI {number}", [square, make.contour(make.square(6.0, 5))]) for number in (1, 2)}
    dose = make.dose(np.arange(60, dtype="<u2").reshape(3, 4, 5))
    field = np.arange(36.0).reshape(2, 2, 3, 3)
    kinds: dict[str, tuple[Any, tuple[Callable[[Path], Any], ...]]] = {
        "plan": (make.plan([make.beam(1, leaves=8), make.beam(2)]), (read_plan,)),
        "structures": (make.structures(rois), (read_structures, read_structure_names)),
        "dose": (dose, (read_dose, read_dose_header)),
        "field": (objects.deformable(objects.deformation("1.2", field, before=objects.TURN)), (read_registration,)),
        "matrix": (objects.spatial(objects.entry("1.2", objects.matrix(objects.TURN))), (read_registration,)),
        "spect": (make.spect(np.arange(60, dtype="<u2").reshape(3, 4, 5)), (read_function_image,)),
    }
    found = {}
    for name, (dataset, readers) in kinds.items():
        for way, options in {"explicit": {}, "implicit": {"implicit": True}, "bare": {"meta": False}}.items():
            path = make.save(dataset, folder / "seed", **options)
            found[f"{name} {way}"] = (path.read_bytes(), readers)
    return found


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Break a file in one to four places; one in sixteen breaks makes a number huge, one cuts the file off."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        kind = rng.randrange(16)
        if not data:
            break
        if kind == 0:
            _make_a_number_huge(data, rng)
        elif kind < 9:
            data[rng.randrange(len(data))] = rng.randrange(256) if kind < 5 else rng.choice(TELLING)
        elif kind == 9:
            del data[rng.randrange(len(data)) :]
        else:
            _break_a_range(data, kind, rng)
    return bytes(data)


def _make_a_number_huge(data: bytearray, rng: random.Random) -> None:
    numbers = list(re.finditer(rb"\d+", data))
    if numbers:
        number = rng.choice(numbers)
        data[number.start() : number.end()] = rng.choice((b"2147483647", b"-1", b"99999999", b"1e308", b"7" * 300))


def _break_a_range(data: bytearray, kind: int, rng: random.Random) -> None:
    at, other = rng.randrange(len(data)), rng.randrange(len(data))
    length = min(len(data) - at, 1 << rng.randrange(8))
    if kind == 10:
        del data[at : at + length]
    elif kind == 11:
        data[at:at] = data[at : at + length]
    elif kind == 12:
        data[at:at] = rng.randbytes(length)
    elif kind == 13:
        data[at : at + length] = data[other : other + length]
    else:
        data[at : at + length] = rng.choice((b"\0", b"\xff", b"9", b"\\", b"1e300")) * length


def fuzz(count: int, seed: int) -> int:
    """Read ``count`` broken files with every entry point that takes their kind; give the number of wrong errors."""
    rng = random.Random(seed)
    outcome = {"read": 0, "refused": 0, "wrong": 0}
    with tempfile.TemporaryDirectory() as temporary:
        kinds = seeds(Path(temporary))
        path = Path(temporary) / "input"
        for number in range(count):
            name = rng.choice(sorted(kinds))
            content, readers = kinds[name]
            path.write_bytes(mutate(content, rng))
            for reader in (read_header, *readers):
                try:
                    outcome["refused" if isinstance(reader(path), Refusal) else "read"] += 1
                except InputError:
                    outcome["refused"] += 1
                except BaseException as error:
                    outcome["wrong"] += 1
                    frames = [f"{f.name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)[-6:]]
                    print(json.dumps([number, name, reader.__name__, type(error).__name__, str(error)[:80], frames]))
    print(json.dumps(outcome | {"memory_mb": _largest_memory_mb()}), flush=True)
    return outcome["wrong"]


def _largest_memory_mb() -> int:
    """Give the peak of this program alone; ``ru_maxrss`` begins with that of the process which started it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) // 1024


if __name__ == "__main__":
    inputs = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    limit_s = int(120 + CPU_S_EACH * inputs)
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
    sys.exit(fuzz(inputs, int(sys.argv[2])) > 0)
