"""The measurements for people and for machines, and what they were made on."""

import json
import os
import pathlib
import platform
import subprocess
import time


def first_line(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=30).stdout.splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "unknown"


def machine():
    def lookup(path, key):
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith(key):
                return line.partition(":")[2].strip()
        return "unknown"

    memory = int(lookup("/proc/meminfo", "MemTotal").split()[0]) / 1e6
    release = pathlib.Path("/etc/os-release").read_text()
    system = next(line.partition("=")[2].strip('"') for line in release.splitlines()
                  if line.startswith("PRETTY_NAME="))
    return {
        "processor": f"{os.cpu_count()} x {lookup('/proc/cpuinfo', 'model name')}",
        "virtual": "hypervisor" in lookup("/proc/cpuinfo", "flags").split(),
        "memory": f"{memory:.0f} GB",
        "system": f"{system}, Linux {platform.release().split('-')[0]}",
        "compiler": first_line("gcc", "--version"),
        "swift": first_line("swift", "--version"),
        "commit": first_line("git", "-C", str(pathlib.Path(__file__).parent), "log", "-1",
                             "--format=%h"),
        "load_at_start": round(os.getloadavg()[0], 2),
        "started": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def table(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "| --- |" + " ---: |" * (len(columns) - 1)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def goal_row(goal):
    def value(number):
        if goal.unit == "x":
            return f"{number:.3f} x"
        return f"{number:g} {goal.unit}".strip() if goal.limit == 0 else (
            f"{number:.1f} {goal.unit}".strip())

    return [goal.text, value(goal.measured), value(goal.limit), "yes" if goal.is_met else "**no**"]


def markdown(host, results):
    parts = ["Measured on " + ", ".join(
        [host["processor"] + (" (virtual machine)" if host["virtual"] else ""), host["memory"],
         host["system"], host["compiler"]]) +
        f"; load {host['load_at_start']} at the start, {host['load_at_end']} at the end; "
        f"{host['started']}."]
    for result in results:
        parts += [f"### {result.title}", table(result.columns, result.rows)]
        parts += [f"Note: {note}." for note in result.notes]
    goals = [goal_row(goal) for result in results for goal in result.goals]
    parts += ["### Goals", table(["goal", "measured", "at most", "met"], goals)]
    return "\n\n".join(parts) + "\n"


def write_json(directory, host, results):
    directory.mkdir(exist_ok=True)
    path = directory / (time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + ".json")
    data = {"machine": host, "cases": {result.key: result.json() for result in results}}
    path.write_text(json.dumps(data, indent=1) + "\n")
    return path
