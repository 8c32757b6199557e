"""Run a command and say what it cost. Usage: measure_command.py ANSWER.json COMMAND...

A process of its own and small, because Linux counts to a child's largest memory what its parent held when it forked.
"""

import json
import os
import subprocess
import sys
import time

start = time.perf_counter()
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - start
process.returncode = os.waitstatus_to_exitcode(status)
with open(sys.argv[1], "w", encoding="utf-8") as stream:
    found = {"seconds": seconds, "processor_s": usage.ru_utime + usage.ru_stime}
    json.dump({**found, "memory_mb": usage.ru_maxrss / 1024, "status": process.returncode}, stream)
