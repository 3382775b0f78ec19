"""The cases of `scripts/bench stores`."""

import dataclasses
import http.client
import pathlib
import statistics
import time

from . import workload
from .cases import (Goal, Result, compile_command, count_different, milliseconds, read_outputs,
                    rotated)
from .driver import Samples, paired_ratio
from .memory_case import memory
from .outage_case import outage
from .relay import Relay
from .stores import Callers, Nginx, Redis, S3

HEADERS = ("g++", "-std=c++20", "-O0")
FILES = 10
# Hits of one file again, each time the caches were started over.
AGAIN = 10
# Seconds there and back.
DELAY = 0.02


@dataclasses.dataclass
class StoreBench:
    """What every case works with."""

    work: pathlib.Path
    driver: object
    # Directories with the programs.
    ours: pathlib.Path
    peers: pathlib.Path
    rounds: dict
    say: object

    def __post_init__(self):
        self.started = []
        self.filled = {}
        self.sources = []

    def callers(self, key, names):
        made = Callers(self.work / f"callers-{key}", self.ours, self.peers, names)
        self.started.append(made)
        return made

    def server(self, kind, key=""):
        made = kind(self.work / f"server-{kind.__name__}{key}")
        self.started.append(made)
        return made

    def end(self, part):
        part.stop()
        self.started.remove(part)

    def stop(self):
        for part in reversed(self.started):
            part.stop()


# One file with many headers.

def header_sources(bench):
    """The first one is for what a cache learns only by a hit: the headers, a connection."""
    if not bench.sources:
        text = workload.header_source()
        sources = [bench.work / "headers" / f"headers{number}.cpp" for number in range(FILES + 1)]
        workload.write_aged({source: f"{text}int file{number};\n"
                             for number, source in enumerate(sources)})
        bench.sources = sources
    return bench.sources


def header_commands(callers, source):
    return [compile_command(candidate, HEADERS, source) for candidate in callers.cached()]


@dataclasses.dataclass
class Filled:
    """A server that has the results of every cache."""

    server: object
    callers: object
    objects: dict


def filled(bench, kind):
    if kind in bench.filled:
        return bench.filled[kind]
    server = bench.server(kind)
    # Once, to compare with.
    near = ("disk",) if kind is Nginx else ()
    callers = bench.callers(kind.__name__, kind.names + near)
    bench.say(f"filling {server.title}")
    callers.use(server, server.port)
    objects = {}
    for source in header_sources(bench):
        commands = header_commands(callers, source)
        bench.driver.alternate(commands, 1, 120)
        objects |= read_outputs(commands)
    for candidate in callers.cached():
        candidate.settle()
    bench.filled[kind] = Filled(server, callers, objects)
    return bench.filled[kind]


@dataclasses.dataclass
class Hits:
    """Samples by name: the first hit of a file since a cache was started over, and later ones."""

    first: dict = dataclasses.field(default_factory=dict)
    again: dict = dataclasses.field(default_factory=dict)
    daemon_cpu: dict = dataclasses.field(default_factory=dict)
    problems: list = dataclasses.field(default_factory=list)

    def json(self):
        return {name: {"first": self.first[name].wall, "again": self.again[name].wall,
                       "cpu": self.cpu(name)} for name in self.first}

    def cpu(self, name):
        """Seconds of a first hit, the daemon's included."""
        sample = self.first[name]
        return statistics.fmean(sample.cpu) + self.daemon_cpu[name] / len(sample.cpu)


def add(samples, more):
    for name, sample in more.items():
        sum_of = samples.setdefault(name, Samples([], []))
        sum_of.wall += sample.wall
        sum_of.cpu += sample.cpu
        sum_of.failures += sample.failures


def measure_hits(bench, store, port, rounds):
    hits = Hits()
    warm, *sources = header_sources(bench)
    misses = {name: 0 for name in store.callers.candidates}
    for round_number in range(rounds):
        store.callers.use(store.server, port)
        bench.driver.alternate(header_commands(store.callers, warm), 3, 120)
        before = {c.name: (c.daemon_cpu(), c.hits_and_misses()[1]) for c in store.callers.cached()}
        for number, source in enumerate(sources):
            commands = header_commands(store.callers, source)
            add(hits.first, bench.driver.alternate(rotated(commands, number + round_number), 1, 120))
        for candidate in store.callers.cached():
            used = candidate.daemon_cpu() - before[candidate.name][0]
            hits.daemon_cpu[candidate.name] = hits.daemon_cpu.get(candidate.name, 0) + used
        add(hits.again, bench.driver.alternate(header_commands(store.callers, warm), AGAIN, 120))
        for candidate in store.callers.cached():
            misses[candidate.name] += candidate.hits_and_misses()[1] - before[candidate.name][1]
    hits.problems = complaints(store, hits, misses, header_sources(bench))
    return hits


def complaints(store, hits, misses, sources):
    problems = []
    for candidate in store.callers.cached():
        commands = [compile_command(candidate, HEADERS, source) for source in sources]
        objects = {command.output: store.objects[command.output] for command in commands}
        failed = hits.first[candidate.name].failures + hits.again[candidate.name].failures
        different = count_different({"commands": commands, "objects": objects})
        for count, what in ((misses[candidate.name], "misses"), (failed, "runs failed"),
                            (different, "objects are not those of the compiler")):
            if count:
                problems.append(f"{candidate.title}: {count} {what}")
    return problems


HIT_COLUMNS = ["", "first hit, median ms", "p10 ms", "hit again, median ms", "p10 ms",
               "CPU ms (first)", "first hits", "hits again"]


def hit_row(title, hits, name):
    first, again = hits.first[name].summary(), hits.again[name].summary()
    return [title, *(milliseconds(summary[key]) for summary in (first, again)
                     for key in ("median", "p10")),
            milliseconds(hits.cpu(name)), first["runs"], again["runs"]]


def hit_case(bench, key, kind):
    store = filled(bench, kind)
    count = workload.count_headers(header_sources(bench)[0], *HEADERS[1:])
    hits = measure_hits(bench, store, store.server.port, bench.rounds[key])
    rows = [hit_row(candidate.title, hits, candidate.name) for candidate in store.callers.cached()]
    title = f"Hit from {store.server.title} alone, on loopback (C++ file with {count} headers)"
    return store, hits, Result(f"stores-{key}", title, HIT_COLUMNS, rows, [], hits.problems,
                               hits.json())


def median(samples):
    return statistics.median(samples.wall)


# What a hit may cost beside its two questions.
MOST_OVER_TRIPS = 3


def ratio_goals(store, hits):
    return [Goal(f"hit from {store.server.title}: wall over {store.callers.candidates[peer].title}",
                 paired_ratio(hits.first["ours"], hits.first[peer]), limit)
            for peer, limit in (("ccache", 1 / 5), ("mozilla", 1 / 20)) if peer in hits.first]


def nginx(bench):
    store, hits, result = hit_case(bench, "nginx", Nginx)
    bench.on_loopback = hits
    result.goals = [Goal("hit from nginx on loopback: wall", median(hits.first["ours"]) * 1000,
                         MOST_OVER_TRIPS, "ms"), *ratio_goals(store, hits)]
    return result


def redis(bench):
    store, hits, result = hit_case(bench, "redis", Redis)
    result.goals = ratio_goals(store, hits)
    return result


def s3(bench):
    return hit_case(bench, "s3", S3)[2]


def delay(bench):
    """The same with a way between. What is over loopback, in round trips, tells how often a cache waits for
    an answer."""
    store = filled(bench, Nginx)
    near = getattr(bench, "on_loopback", None)
    if near is None:
        near = measure_hits(bench, store, store.server.port, bench.rounds["delay"])
    relay = Relay(DELAY)
    try:
        port = relay.listen(store.server.port)
        trip = answer_seconds(store.server, port) - answer_seconds(store.server, store.server.port)
        far = measure_hits(bench, store, port, bench.rounds["delay"])
    finally:
        relay.close()
    rows, trips = [], {}
    for candidate in store.callers.cached():
        name = candidate.name
        if name == "disk":
            continue
        trips[name] = [(median(there[name]) - median(here[name])) / trip
                       for there, here in ((far.first, near.first), (far.again, near.again))]
        first, again = (f"{number:.2f}" for number in trips[name])
        row = hit_row(candidate.title, far, name)
        rows.append([*row[:2], first, row[3], again, *row[6:]])
    over = (median(far.first["ours"]) - 2 * trip) * 1000
    return Result(
        "stores-delay", f"The same with {trip * 1000:.1f} ms there and back",
        ["", "first hit, median ms", "round trips", "hit again, median ms", "round trips", "first hits",
         "hits again"], rows,
        [Goal("hit from nginx, 20 ms away: wall over two round trips", over, MOST_OVER_TRIPS, "ms")],
        far.problems, far.json() | {"trip": trip, "round_trips": trips})


def answer_seconds(server, port, count=20):
    """How long a small answer takes on a connection that is there: what delays takes its own time, too."""
    (server.work / "root/probe").write_text("probe\n")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    times = []
    for _ in range(count + 1):
        started = time.perf_counter()
        connection.request("GET", "/probe")
        connection.getresponse().read()
        times.append(time.perf_counter() - started)
    connection.close()
    # The first has made the connection.
    return statistics.median(times[1:])


# Many at once.

def parallel(bench):
    """Every round, the daemons are started over: no cache has seen the files."""
    count = 64
    store = filled(bench, Nginx)
    directory = bench.work / "parallel"
    warm, *sources = [directory / f"tiny{number}.c" for number in range(count + 1)]
    workload.write_aged(
        {source: workload.tiny_source(number) for number, source in enumerate([warm, *sources])})
    words = ("gcc", "-O2")
    callers = [c for c in store.callers.cached() if c.name != "disk"]
    store.callers.use(store.server, store.server.port)
    commands = {c.name: [compile_command(c, words, source) for source in sources] for c in callers}
    entries = {}
    for candidate in callers:
        bench.driver.alternate([compile_command(candidate, words, warm)], 1, 60)
        bench.driver.alternate(commands[candidate.name], 1, 300)
        candidate.settle()
        entries[candidate.name] = {
            "commands": commands[candidate.name], "objects": read_outputs(commands[candidate.name]),
            "seconds": [], "errors": 0, "misses": 0}
    for round_number in range(bench.rounds["parallel"]):
        store.callers.use(store.server, store.server.port)
        for candidate in rotated(callers, round_number):
            burst(bench, candidate, compile_command(candidate, words, warm), entries[candidate.name])
    rows = [[c.title, f"{statistics.median(entries[c.name]['seconds']) * 1000:.0f}",
             entries[c.name]["errors"], entries[c.name]["misses"], len(entries[c.name]["seconds"])]
            for c in callers]
    raw = {name: {key: entry[key] for key in ("seconds", "errors", "misses")}
           for name, entry in entries.items()}
    return Result(
        "stores-parallel", f"{count} hits at once from nginx alone (tiny C files)",
        ["", "wall, median ms", "errors", "misses", "rounds"], rows,
        [Goal(f"{count} hits at once from nginx: errors",
              raw["ours"]["errors"] + raw["ours"]["misses"], 0, "")], [], raw)


def burst(bench, candidate, warm, entry):
    bench.driver.alternate([warm], 2, 60)
    misses = candidate.hits_and_misses()[1]
    seconds, runs = bench.driver.burst(entry["commands"], 300)
    entry["seconds"].append(seconds)
    entry["errors"] += sum(run.failures for run in runs.values()) + count_different(entry)
    entry["misses"] += candidate.hits_and_misses()[1] - misses


CASES = {"nginx": nginx, "delay": delay, "redis": redis, "s3": s3, "parallel": parallel,
         "memory": memory, "outage": outage}
