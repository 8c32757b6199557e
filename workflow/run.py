"""What `make run` does: demo data, check, Snakemake - one run at a time, resumable after any interruption.

Standard library only, so that it answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DEMO = Path("data/demo")
DEMO_CONFIG = Path("config.yaml")


def main() -> int:
    """Run one analysis; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=DEMO_CONFIG)
    parser.add_argument("--cores", default="all")
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
        return run(arguments.config, cores=arguments.cores, further=arguments.snakemake, lock=lock.fileno())


def run(config: Path, *, cores: str, further: list[str], lock: int) -> int:
    """Make the demo data where they are missing, check the inputs where they are new, run Snakemake."""
    if DEMO.as_posix() in config.read_text(encoding="utf-8") and not DEMO.exists():
        patients = os.environ.get("LUNGTOX_DEMO_PATIENTS", "120")
        status = call(["lungtox", "demo", str(DEMO), "--patients", patients])
        if status:
            return status
    status = check_inputs(config)
    if status:
        return status
    snakemake = ["snakemake", "--profile", "workflow/profiles/default", "--cores", cores]
    settings = ["--config", f"file={config}"]
    # Under our own lock no other run is alive: a lock found now was left by one that was killed.
    if any(Path(".snakemake/locks").glob("*")):
        subprocess.run([*snakemake, "--unlock", *settings], check=False, capture_output=True)
    status = call([*snakemake, *further, *settings], keep_open=(lock,))
    if status:
        print(
            "\nThe run did not finish. What is done is kept: type `make run` again after correcting the cause above.",
            file=sys.stderr,
        )
    return status


def check_inputs(config: Path) -> int:
    """Run `lungtox check`, unless neither the config, the tables, the files nor the program changed since it passed."""
    name = hashlib.sha256(str(config.resolve()).encode()).hexdigest()[:16]
    return call(["lungtox", "check", str(config), "--stamp", f".snakemake/checked/{name}"])


def call(command: list[str], *, keep_open: tuple[int, ...] = ()) -> int:
    """Run a command in a process group of its own, pass signals on, and leave no process of the group behind."""
    process = subprocess.Popen(command, start_new_session=True, pass_fds=keep_open)

    def pass_on(number: int, frame: object) -> None:
        os.killpg(process.pid, number)

    previous = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        return process.wait() % 256
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        # Jobs of a killed Snakemake must not write beside the next run.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
