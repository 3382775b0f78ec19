"""The measurements for people and for machines, and what they were made on."""

import json
import os
import pathlib
import platform
import statistics
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
        digits = ".3f" if goal["unit"] == "x" else "g" if goal["limit"] == 0 else ".1f"
        return f"{number:{digits}} {goal['unit']}".strip()

    limit = value(goal["limit"])
    return [goal["text"], value(goal["measured"]),
            f"at least {limit}" if goal.get("at_least") else limit, "yes" if goal["met"] else "**no**"]


def measured_on(host):
    parts = [host["processor"] + (" (virtual machine)" if host["virtual"] else ""), host["memory"],
             host["system"], host["compiler"]]
    return ("Measured on " + ", ".join(parts) + f"; commit {host['commit']}; load "
            f"{host['load_at_start']} at the start, {host['load_at_end']} at the end; "
            f"{host['started']}.")


def markdown(data):
    """The whole report."""
    parts = [measured_on(data["machine"])]
    cases = data["cases"].values()
    for case in cases:
        parts += [f"### {case['title']}", table(case["columns"], case["rows"])]
        parts += [f"Note: {note}." for note in case["notes"]]
    goals = [goal_row(goal) for case in cases for goal in case["goals"]]
    parts += ["### Goals", table(["goal", "measured", "at most", "met"], goals)]
    return "\n\n".join(parts) + "\n"


COMPARED = ("ours", "ccache", "mozilla")


def summary(data):
    """One small table: what the README shows. Only of a run of all cases."""
    cases = {key: case["raw"] for key, case in data["cases"].items()}

    def seconds(samples):
        return statistics.median(sample["wall"] for sample in samples)

    # Three builds of most of a minute each: the one that was least disturbed tells most.
    def least(samples):
        return min(sample["wall"] for sample in samples)

    def row(title, base, values, digits):
        cells = [f"{value:.{digits}f}" for value in values]
        return [title, base if isinstance(base, str) else f"{base:.{digits}f}", *cells]

    def hit(key, title):
        raw = cases[key]
        return row(title, 1000 * raw["floor"]["median"],
                   [1000 * raw[name]["median"] for name in COMPARED], 2)

    def hit_cpu(key, title):
        raw = cases[key]
        return row(title, 1000 * raw["floor"]["cpu"],
                   [1000 * (raw[name]["cpu"] + raw[name]["daemon_cpu"]) for name in COMPARED], 2)

    parallel = [256 / statistics.median(cases["parallel"][name]["seconds"]) for name in COMPARED]
    files = data["cases"]["headers"]["title"].split(" headers")[0].split()[-1]
    rows = [
        hit("tiny", "hit, tiny C file: ms"),
        hit("headers", f"hit, C++ file with {files} headers: ms"),
        hit_cpu("headers", "the same, CPU with the daemon's: ms"),
        row("256 hits at once: hits a second", "", parallel, 0),
        row("Abseil (119 C++ files), cache empty, least: s", least(cases["cold"]["plain"]),
            [least(cases["cold"][name]) for name in COMPARED], 1),
        row("Abseil's objects, cache full: s", seconds(cases["warm"]["floor"]),
            [seconds(cases["warm"][name]) for name in COMPARED], 2),
    ]
    columns = ["-j2, medians", "at the least", "this sccache", "ccache 4.14.2",
               "Mozilla's sccache 0.16.0"]
    return (table(columns, rows) + "\n\n"
            "\u201cAt the least\u201d is the same done by a static C program that does nothing in the "
            "compiler's place, and for the empty cache the build without a cache. "
            "Every object was compared with that of the build without a cache.\n\n"
            + measured_on(data["machine"]) + "\n")


BEGIN, END = "<!-- measured: scripts/bench --update-docs -->", "<!-- end -->"
FARM_BEGIN = "<!-- measured: scripts/bench farm --update-docs -->"
FARM_END = "<!-- end of the farm -->"
STORES_BEGIN = "<!-- measured: scripts/bench stores --update-docs -->"
STORES_END = "<!-- end of the stores -->"
RUST_BEGIN = "<!-- measured: scripts/bench rust --update-docs -->"
RUST_END = "<!-- end of Rust -->"


def update(path, text, begin=BEGIN, end=END):
    """Replaces what stands between the two marks."""
    page = path.read_text()
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise RuntimeError(f"{path} has no place for the measurements")
    path.write_text(f"{before}{begin}\n\n{text}\n{end}{after}")


def write_json(directory, data, prefix=""):
    directory.mkdir(exist_ok=True)
    path = directory / (prefix + time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + ".json")
    path.write_text(json.dumps(data, indent=1) + "\n")
    return path
