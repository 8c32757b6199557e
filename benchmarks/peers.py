"""Other programs that make DVHs from DICOM: installs them on demand, each in an environment of its own, and runs them."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
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
    memory_mb: float
    output: str = field(repr=False, default="")


DICOMPYLER = ("dicompyler-core==0.5.6", "pydicom==2.4.5", "numpy<2", "scikit-image<0.25", "matplotlib")
PEERS = (
    Peer("dicompyler-core 0.5.6", "dicompyler_dvh.py", (), DICOMPYLER),
    Peer("dicompyler-core 0.5.6, interpolating", "dicompyler_dvh.py", ("interpolate",), DICOMPYLER),
    Peer("platipy 0.7.2", "platipy_dvh.py", (), ("platipy==0.7.2", "pydicom<3")),
    Peer("pyCERR 2.5.1", "pycerr_dvh.py", (), ("pycerr==2.5.1",)),
)
PLASTIMATCH = "plastimatch"


class PeerMissingError(Exception):
    """A peer cannot be installed or run here; the text says why."""


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
        raise PeerMissingError(f"{command[0]} is not there") from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout or "no message").strip().splitlines()[-1]
        raise PeerMissingError(f"{Path(command[0]).name} failed: {last}") from error


def measure(command: Sequence[str], *, cwd: Path | None = None) -> Measured:
    """Run a command to its end: wall seconds from process start, and its largest memory.

    Raises
    ------
    PeerMissingError
        It fails; with the last line of its messages.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as messages:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=messages, cwd=cwd)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        messages.seek(0)
        if process.returncode:
            said = messages.read().decode(errors="replace").strip().splitlines() or ["no message"]
            raise PeerMissingError(f"{Path(command[0]).name} failed: {said[-1]}")
        return Measured(seconds, usage.ru_maxrss / 1024, output.read().decode(errors="replace"))


def run(peer: Peer, jobs: Sequence[Job]) -> tuple[Measured, list[Figures]]:
    """Run a peer over jobs in one process; give its cost and its figures, job by job."""
    python = install(peer)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.json"
        path.write_text(json.dumps([job.as_json() for job in jobs]), encoding="utf-8")
        measured = measure([str(python), str(PROGRAMS / peer.program), str(path), *peer.arguments])
    answers: list[Figures] = json.loads(measured.output.strip().splitlines()[-1])
    return measured, answers


def run_plastimatch(folder: Path) -> Measured:
    """Let plastimatch make the DVHs of all structures of a folder that holds one RTSTRUCT and one RTDOSE."""
    install_plastimatch()
    with tempfile.TemporaryDirectory() as temporary:
        table = Path(temporary) / "dvh.csv"
        command = [PLASTIMATCH, "dvh", "--input", str(folder), "--output-csv", str(table)]
        measured = measure([*command, "--bin-width", "0.05", "--num-bins", "1600"])
        with table.open(encoding="utf-8", newline="") as stream:
            if len(next(csv.reader(stream))) < 2:
                raise PeerMissingError("plastimatch wrote no DVH")
    return measured
