"""Other programs that make DVHs from DICOM: installed on demand, each in an environment of its own, and run."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("LUNGTOX_PEERS", PROJECT / "build" / "peers"))
PROGRAMS = Path(__file__).resolve().parent / "peer_programs"

Figures = dict[str, dict[str, float | None]]


@dataclass(frozen=True)
class Peer:
    """A program to compare with.

    Attributes
    ----------
    name : str
        As tables print it.
    program : str
        Script below peer_programs; empty for one that is no Python package.
    arguments : tuple of str
        Handed to the script after the jobs.
    packages : tuple of str
        What its environment holds, with versions.
    """

    name: str
    program: str
    arguments: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    @property
    def environment(self) -> Path:
        """Where it is installed."""
        return HOME / self.program.removesuffix("_dvh.py")


@dataclass(frozen=True)
class Job:
    """A structure set, a dose and the CT of both, and the ROIs to measure."""

    struct: Path
    dose: Path
    ct: Path
    names: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Give what the programs read."""
        return {"struct": str(self.struct), "dose": str(self.dose), "ct": str(self.ct), "names": list(self.names)}


@dataclass(frozen=True)
class Measured:
    """What a run of a command cost, and what it printed."""

    seconds: float
    processor_s: float
    memory_mb: float
    output: str = field(repr=False, default="")


DICOMPYLER = (
    *("dicompyler-core==0.5.6", "pydicom==2.4.5", "numpy==1.26.4"),
    *("scikit-image==0.24.0", "matplotlib==3.11.2"),
)
PEERS = (
    Peer("dicompyler-core 0.5.6", "dicompyler_dvh.py", (), DICOMPYLER),
    Peer("dicompyler-core 0.5.6, interpolating", "dicompyler_dvh.py", ("interpolate",), DICOMPYLER),
    Peer("platipy 0.7.2", "platipy_dvh.py", (), ("platipy==0.7.2", "pydicom==2.4.5", "numpy==2.4.6")),
    Peer("pyCERR 2.5.1", "pycerr_dvh.py", (), ("pycerr==2.5.1", "pydicom==3.0.2", "numpy==2.4.6")),
)
PLASTIMATCH = "plastimatch"


class CommandError(Exception):
    """A program cannot be installed or run here; the text says why."""


def install(peer: Peer) -> Path:
    """Make the peer's environment where it is missing; give its Python."""
    python = peer.environment / "bin" / "python"
    stamp = peer.environment / ".installed"
    wanted = "\n".join(peer.packages)
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(peer.environment, ignore_errors=True)
        uv = Path(sys.executable).with_name("uv")
        _install_step([sys.executable, "-m", "venv", str(peer.environment)])
        _install_step([str(uv), "pip", "install", "--quiet", "--python", str(python), *peer.packages])
        stamp.write_text(wanted, encoding="utf-8")
    return python


def install_plastimatch() -> str:
    """Install plastimatch from Debian where it is missing; give its version."""
    if shutil.which(PLASTIMATCH) is None:
        _install_step(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", PLASTIMATCH])
    done = subprocess.run([PLASTIMATCH, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip().replace("version ", "")


def _install_step(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise CommandError(f"{command[0]} is not there") from error
    except subprocess.CalledProcessError as error:
        raise CommandError(_reason("its installation", error.returncode, error.stderr or error.stdout)) from error


def _reason(what: str, status: int, messages: str) -> str:
    """Give the last line of the messages, without paths and addresses; all of them go to the terminal."""
    print(messages, file=sys.stderr)
    last = (messages.strip().splitlines() or ["no message"])[-1]
    return f"{what} ended with status {status} ({re.sub(r'[^ ]*/[^ ]*', '...', last)[:200]})"


def measure(command: Sequence[str]) -> Measured:
    """Run a command to its end: wall seconds from process start, and its largest memory.

    Raises
    ------
    CommandError
        It fails; with the last line of its messages.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        launcher = [sys.executable, "-S", str(PROGRAMS.with_name("measure_command.py")), str(answer)]
        done = subprocess.run([*launcher, *command], capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            raise CommandError(_reason(Path(command[0]).name, done.returncode, done.stderr))
        found = json.loads(answer.read_text(encoding="utf-8"))
    if found["status"]:
        raise CommandError(_reason(Path(command[0]).name, found["status"], done.stderr))
    return Measured(found["seconds"], found["processor_s"], found["memory_mb"], done.stdout)


def run(peer: Peer, jobs: Sequence[Job]) -> tuple[Measured, list[Figures]]:
    """Run a peer over jobs in one process; give its cost and its figures, job by job."""
    python = install(peer)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.json"
        path.write_text(json.dumps([job.as_json() for job in jobs]), encoding="utf-8")
        measured = measure([str(python), str(PROGRAMS / peer.program), str(path), *peer.arguments])
    answers: list[Figures] = json.loads(measured.output.strip().splitlines()[-1])
    return measured, answers


def run_plastimatch(job: Job, *, bin_gy: float, bins: int) -> tuple[Measured, Figures]:
    """Let plastimatch make the DVHs of all structures of a job; give its cost and its figures.

    It writes cumulative counts of voxels, and prints how large these are. It has no look-ups: D is interpolated
    linearly between bins here, the mean is the area under the curve. The CT, which it does not need, is kept from it.
    """
    install_plastimatch()
    with tempfile.TemporaryDirectory() as temporary:
        folder, table = Path(temporary) / "files", Path(temporary) / "dvh.csv"
        folder.mkdir()
        for number, source in enumerate((job.struct, job.dose)):
            (folder / f"{number}.dcm").symlink_to(source.resolve())
        command = [PLASTIMATCH, "dvh", "--input", str(folder), "--output-csv", str(table)]
        command += ["--normalization", "vox", "--bin-width", str(bin_gy), "--num-bins", str(bins)]
        measured = measure(command)
        with table.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
    sizes = re.findall(r"^([0-9.e-]+) ([0-9.e-]+) ([0-9.e-]+)$", measured.output, re.MULTILINE)
    if len(rows[0]) < 2 or not sizes:
        raise CommandError("plastimatch wrote no DVH")
    voxel_cc = math.prod(float(size) for size in sizes[-1]) / 1000
    dose_gy = [float(row[0]) for row in rows[1:]]
    curves = {name: [voxel_cc * float(row[k]) for row in rows[1:]] for k, name in enumerate(rows[0]) if k}
    return measured, {name: _figures(dose_gy, curve) for name, curve in curves.items() if name in job.names}


def _figures(dose_gy: list[float], volume_cc: list[float]) -> dict[str, float | None]:
    total = volume_cc[0]
    area = sum(
        (b - a) * (v + w) / 2 for a, b, v, w in zip(dose_gy, dose_gy[1:], volume_cc, volume_cc[1:], strict=False)
    )
    found: dict[str, float | None] = {"volume": total, "mean": area / total}
    for name, wanted in (*((f"D{x}%[Gy]", total * x / 100) for x in (99, 95, 5, 1)), ("D0.03cc[Gy]", 0.03)):
        below = next((k for k, volume in enumerate(volume_cc) if volume < wanted), None)
        if not below:
            found[name] = None
            continue
        part = (volume_cc[below - 1] - wanted) / (volume_cc[below - 1] - volume_cc[below])
        found[name] = dose_gy[below - 1] + part * (dose_gy[below] - dose_gy[below - 1])
    return found
