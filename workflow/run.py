"""What `make run` does: data of the demo or of a study, check, Snakemake - one at a time, resumable at any time.

Standard library only until the run has ended, so that it answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DEMO = Path("data/demo")
DEMO_CONFIG = Path("config.yaml")
STUDIES = Path("data/studies")
SIMULATORS = "src/lungtox/synthetic/study*.py"


def main() -> int:
    """Run one analysis; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=DEMO_CONFIG)
    parser.add_argument("--cores", default="all")
    parser.add_argument("--pages", type=number_of_pages, default="10", help="patients who get a page: a number, or all")
    parser.add_argument("snakemake", nargs="*", help="further arguments for Snakemake, after --")
    arguments = parser.parse_args()
    os.chdir(PROJECT)
    if not arguments.config.is_file():
        print(f"{arguments.config}: no such config file. Give CONFIG=path or STUDY=name.", file=sys.stderr)
        return 2
    Path(".snakemake").mkdir(exist_ok=True)
    # Only Snakemake inherits the descriptor, not its jobs: the lock ends with the last of this script and Snakemake.
    with open(".snakemake/lungtox.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                "Another `make run` is working in this folder. Wait until it ends, or stop it with Ctrl-C there; "
                "nothing was changed.",
                file=sys.stderr,
            )
            return 1
        return run(
            arguments.config,
            cores=arguments.cores,
            pages=arguments.pages,
            further=arguments.snakemake,
            lock=lock.fileno(),
        )


def number_of_pages(text: str) -> str:
    """Take ``all`` or a whole number."""
    if text != "all" and not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"PAGES is a whole number or all, not {text!r}")
    return text


def run(config: Path, *, cores: str, pages: str, further: list[str], lock: int) -> int:
    """Make the demo data where they are missing, check the inputs where they are new, run Snakemake."""
    if DEMO.as_posix() in config.read_text(encoding="utf-8") and not DEMO.exists():
        patients = os.environ.get("LUNGTOX_DEMO_PATIENTS", "120")
        status = call(["lungtox", "demo", str(DEMO), "--patients", patients])
        if status:
            return status
    status = make_study(config) or check_inputs(config)
    if status:
        return status
    snakemake = ["snakemake", "--profile", "workflow/profiles/default", "--cores", cores]
    settings = ["--config", f"file={config}", f"pages={pages}"]
    # Under our own lock no other run is alive: a lock found now was left by one that was killed.
    if any(Path(".snakemake/locks").glob("*")):
        subprocess.run([*snakemake, "--unlock", *settings], check=False, capture_output=True)
    shown = Progress()
    status = call([*snakemake, *further, *settings], keep_open=(lock,), listener=shown.hear)
    shown.end(failed=status != 0)
    if status == 0:
        from lungtox.config import load_config

        print(
            f"{'Nothing had changed' if shown.idle else 'Done'}. The report: {load_config(config).results}/report.html"
        )
    return status


def make_study(config: Path) -> int:
    """Simulate the cohort of a study where it is missing, or its simulation.yaml or the simulator has changed."""
    simulation = config.parent / "simulation.yaml"
    if not simulation.is_file():
        return 0
    name = config.resolve().parent.name
    cohort = STUDIES / name
    sources = [simulation, *sorted(Path().glob(SIMULATORS))]
    state = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    stamp = Path(".snakemake/simulated") / name
    if cohort.is_dir() and stamp.is_file() and stamp.read_text(encoding="utf-8") == state:
        return 0
    status = call(["lungtox", "study", str(simulation), str(cohort)])
    if status == 0:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(state, encoding="utf-8")
    return status


class Progress:
    """Turns what Snakemake prints into one line of progress, and shows the logs of failed jobs in full.

    Snakemake's own `--quiet rules` would hide the failed jobs too. Everything it printed is in .snakemake/log.
    """

    def __init__(self) -> None:
        self.recent: deque[str] = deque(maxlen=40)
        self.rule = ""
        self.inside_log = False
        self.failed_jobs = 0
        self.idle = False

    def hear(self, line: str) -> None:
        """Take one line of Snakemake's output."""
        self.recent.append(line)
        if line.startswith("Nothing to be done"):
            self.idle = True
        elif found := re.match(r"Finished jobid: \d+ \(Rule: (\w+)\)", line):
            self.rule = found[1]
        elif re.match(r"\d+ of \d+ steps", line):
            self._show_step(f"{line.strip()}  {self.rule}")
        elif line.startswith("Logfile "):
            self.inside_log, self.failed_jobs = True, self.failed_jobs + 1
            print(f"\nA job failed. {line.strip()}", file=sys.stderr)
        elif self.inside_log:
            print(f"  {line.rstrip()}", file=sys.stderr)
            # A log stands between two lines of equal signs.
            self.inside_log = not (line.startswith("====") and not self.recent[-2].startswith("Logfile "))
        elif re.match(r"Error in rule \w+", line):
            print(f"\n{line.strip().rstrip(':')}. The other jobs go on.", file=sys.stderr)

    def _show_step(self, text: str) -> None:
        if sys.stdout.isatty():
            print(f"\r\033[K{text}", end="", flush=True)
        else:
            print(text, flush=True)

    def end(self, *, failed: bool) -> None:
        """Say how it ended."""
        if sys.stdout.isatty() and self.rule:
            print()
        if not failed:
            return
        if not self.failed_jobs:
            print("".join(self.recent), file=sys.stderr)
        print(
            "\nThe run did not finish. What is done is kept: type `make run` again after correcting the cause above.",
            file=sys.stderr,
        )


def check_inputs(config: Path) -> int:
    """Run `lungtox check`, unless neither the config, the tables, the files nor the program changed since it passed."""
    name = hashlib.sha256(str(config.resolve()).encode()).hexdigest()[:16]
    return call(["lungtox", "check", str(config), "--stamp", f".snakemake/checked/{name}"])


def call(command: list[str], *, keep_open: tuple[int, ...] = (), listener: Callable[[str], None] | None = None) -> int:
    """Run a command in a process group of its own, pass signals on, and leave no process of the group behind."""
    process = subprocess.Popen(
        command,
        start_new_session=True,
        pass_fds=keep_open,
        stdout=None if listener is None else subprocess.PIPE,
        stderr=None if listener is None else subprocess.STDOUT,
        text=True,
        errors="replace",
    )

    def listen() -> None:
        for line in process.stdout or ():
            if listener is not None:
                listener(line)

    def pass_on(number: int, frame: object) -> None:
        os.killpg(process.pid, number)

    previous = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    hearing = threading.Thread(target=listen, daemon=True)
    hearing.start()
    try:
        return process.wait() % 256
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        # Jobs of a killed Snakemake must not write beside the next run.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        hearing.join(timeout=5)


if __name__ == "__main__":
    sys.exit(main())
