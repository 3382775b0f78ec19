"""What a daemon holds while large entries pass through it."""

import dataclasses
import pathlib
import shutil
import time

from . import workload
from .cases import MEGABYTE, Goal, Result, compile_command
from .driver import compile_c
from .stores import Nginx

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Load:
    """Objects of a compiler that only writes noise: how large, how many, how many are fetched at once."""

    title: str
    megabytes: int
    count: int
    at_once: int
    names: tuple
    packable: bool = False


LOADS = (
    Load("16 objects of 64 MB, four at once", 64, 16, 4, ("ours", "mozilla")),
    Load("64 objects of 16 MB, all at once", 16, 64, 64, ("ours",)),
    Load("64 objects of 16 MB that pack to half, all at once", 16, 64, 64, ("ours",), packable=True))
MOST_MEMORY = 120


def memory(bench):
    """Stored one by one, then fetched by a daemon that was started anew."""
    compiler = bench.work / "large" / "gcc"
    compiler.parent.mkdir()
    compile_c(HERE / "sleeper.c", compiler)
    server = bench.server(Nginx) if Nginx not in bench.filled else bench.filled[Nginx].server
    rows, notes, goals, raw = [], [], [], {}
    for number, load in enumerate(LOADS):
        told = raw[load.title] = {
            name: with_load(bench, server, compiler, load, f"{name}{number}", name) for name in load.names}
        for name, figures in told.items():
            rows.append([load.title, figures["title"], *(f"{figures[key] / MEGABYTE:.1f}" for key in (
                "idle_memory", "store_memory", "fetch_memory")),
                f"{figures['store_seconds']:.1f}", f"{figures['fetch_seconds']:.1f}"])
            if figures["hits"] != load.count or figures["failures"]:
                notes.append(f"{load.title}, {figures['title']}: {figures['hits']} hits, "
                             f"{figures['failures']} runs failed")
        ours = told["ours"]
        peak = max(ours["store_memory"], ours["fetch_memory"]) / MEGABYTE
        goals += [Goal(f"{load.title}: the daemon's memory at its peak", peak, MOST_MEMORY, "MB"),
                  Goal(f"{load.title}: hits", ours["hits"], load.count, "", at_least=True)]
    return Result(
        "stores-memory", "1 GB of entries through nginx: the daemon's memory at its peak",
        ["", "", "just started, MB", "storing, MB", "fetching, MB", "to store, s", "to fetch, s"],
        rows, goals, notes, raw)


def with_load(bench, server, compiler, load, key, name):
    packable = " packable," if load.packable else ""
    sources = [compiler.parent / f"large{number}.c" for number in range(load.count)]
    workload.write_aged({source: f"int megabytes_{load.megabytes},{packable} number{number};\n"
                         for number, source in enumerate(sources)})
    callers = bench.callers(f"memory-{key}", (name,))
    # This compiler is faster than any way to a store.
    callers.plain_environments[name]["SCCACHE_REMOTE_SKIP_SLOW_HITS"] = "false"
    told = pass_through(bench, server, callers, str(compiler), sources, load.at_once)
    told["title"] = callers.candidates[name].title
    bench.end(callers)
    for path in compiler.parent.glob("*.o"):
        path.unlink()
    shutil.rmtree(server.work / "root" / name, ignore_errors=True)
    return told


def pass_through(bench, server, callers, compiler, sources, at_once):
    candidate, = callers.cached()
    told = {"failures": 0}
    callers.use(server, server.port)
    commands = [compile_command(candidate, (compiler,), source) for source in sources]
    told["idle_memory"] = candidate.daemon_peak()
    started = time.monotonic()
    for command in commands:
        told["failures"] += bench.driver.alternate([command], 1, 120)[candidate.name].failures
        candidate.settle()
    told["store_seconds"] = time.monotonic() - started
    told["store_memory"] = candidate.daemon_peak()
    # To its end: a daemon writes what it still holds.
    callers.use(server, server.port)
    started = time.monotonic()
    for number in range(0, len(commands), at_once):
        _, samples = bench.driver.burst(commands[number:number + at_once], 240)
        told["failures"] += samples[candidate.name].failures
    told["fetch_seconds"] = time.monotonic() - started
    told["fetch_memory"] = candidate.daemon_peak()
    told["hits"] = candidate.hits_and_misses()[0]
    return told
