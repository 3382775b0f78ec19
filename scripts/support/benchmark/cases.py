"""The cases of the benchmark. Each gives a Result: rows for people, goals with their verdict."""

import dataclasses
import statistics
import time

from . import workload
from .candidates import TICKS
from .driver import Command, paired_ratio

MEGABYTE = 1e6


@dataclasses.dataclass
class Goal:
    text: str
    measured: float
    limit: float
    unit: str = "x"
    # Whether the limit is the least that is wanted, not the most.
    at_least: bool = False

    @property
    def is_met(self):
        if self.at_least:
            return self.measured >= self.limit
        return self.measured <= self.limit

    def json(self):
        return dataclasses.asdict(self) | {"met": self.is_met}


@dataclasses.dataclass
class Result:
    key: str
    title: str
    columns: list
    rows: list
    goals: list
    notes: list = dataclasses.field(default_factory=list)
    raw: dict = dataclasses.field(default_factory=dict)

    def json(self):
        return {
            "title": self.title, "columns": self.columns, "rows": self.rows,
            "notes": self.notes, "raw": self.raw,
            "goals": [goal.json() for goal in self.goals],
        }


@dataclasses.dataclass
class Bench:
    """What every case works with."""

    work: object
    driver: object
    candidates: dict
    rounds: dict
    jobs: int
    target: str
    say: object

    def cached(self):
        return [c for c in self.candidates.values() if c.name != "plain"]


# A compiled file, hit again and again.

def compile_command(candidate, words, source):
    output = f"{candidate.name}-{source.stem}.o"
    return Command(candidate.name, candidate.command(*words, "-c", source.name, "-o", output),
                   candidate.environment, str(source.parent), output)


def hit_commands(bench, compiler, options, source):
    """One compilation for each cache, primed so that the next is a hit. The first command is the
    floor."""
    commands = []
    for candidate in bench.cached():
        candidate.reset()
        commands.append(compile_command(candidate, (compiler, *options), source))
    for _ in range(3):
        # The second and third: some caches learn a header or a compiler only then.
        bench.driver.alternate(commands, 1, 120)
        for candidate in bench.cached():
            candidate.settle()
    first = commands[0]
    floor = Command("floor", [str(bench.driver.nothing), *first.arguments[1:]],
                    first.environment, first.directory)
    return [floor, *commands]


def run_hits(bench, commands, rounds, seconds):
    """Samples of each, with the daemon's CPU time a run, and the number of runs that missed."""
    before = {c.name: (c.daemon_cpu(), c.hits_and_misses()) for c in bench.cached()}
    samples = bench.driver.alternate(commands, rounds, seconds)
    summaries, problems = {}, []
    for name, sample in samples.items():
        summaries[name] = sample.summary()
        if sample.failures:
            problems.append(f"{name}: {sample.failures} runs failed")
    for candidate in bench.cached():
        cpu, (_, misses) = before[candidate.name]
        runs = summaries[candidate.name]["runs"]
        summaries[candidate.name]["daemon_cpu"] = (candidate.daemon_cpu() - cpu) / runs
        missed = candidate.hits_and_misses()[1] - misses
        summaries[candidate.name]["misses"] = missed
        if missed:
            problems.append(f"{candidate.name}: {missed} of {runs} runs were misses")
    return samples, summaries, problems


def hit_rows(bench, summaries, samples, names):
    rows = []
    for name in names:
        summary = summaries[name]
        title = "static C program that does nothing" if name == "floor" else (
            bench.candidates[name].title)
        cpu = summary["cpu"] + summary.get("daemon_cpu", 0)
        rows.append([
            title, milliseconds(summary["median"]), milliseconds(summary["p10"]),
            f"{paired_ratio(samples[name], samples['floor']):.2f}", milliseconds(cpu),
            milliseconds(summary.get("daemon_cpu", 0)), summary["runs"]])
    return rows


HIT_COLUMNS = ["", "wall, median ms", "wall, p10 ms", "x floor", "CPU ms", "of it daemon",
               "runs"]


def tiny_hit(bench):
    source = bench.work / "tiny" / "tiny.c"
    workload.write_aged({source: workload.tiny_source()})
    commands = hit_commands(bench, "gcc", ["-O2"], source)
    samples, summaries, problems = run_hits(bench, commands, bench.rounds["tiny"], 300)
    goal = Goal("hit of a tiny C file: wall over a static C program that does nothing",
                paired_ratio(samples["ours"], samples["floor"]), 1.2)
    names = ["floor"] + [c.name for c in bench.cached()]
    return Result("tiny", "Hit, tiny C file (gcc -O2 -c)", HIT_COLUMNS,
                  hit_rows(bench, summaries, samples, names), [goal], problems, summaries)


def header_hit(bench):
    source = bench.work / "headers" / "headers.cpp"
    workload.write_aged({source: workload.header_heavy_source()})
    options = ["-std=c++20", "-O0"]
    count = workload.count_headers(source, *options)
    commands = hit_commands(bench, "g++", options, source)
    samples, summaries, problems = run_hits(bench, commands, bench.rounds["headers"], 300)
    goals = []
    for peer, wall_limit in (("ccache", 1 / 6), ("mozilla", 1 / 4)):
        title = bench.candidates[peer].title
        goals.append(Goal(f"hit of a C++ file with {count} headers: wall over {title}",
                          paired_ratio(samples["ours"], samples[peer]), wall_limit))
        goals.append(Goal(
            f"hit of a C++ file with {count} headers: CPU, daemons included, over {title}",
            total_cpu(summaries["ours"]) / total_cpu(summaries[peer]), 1 / 4))
    if count < 250:
        problems.append(f"the file has only {count} headers")
    names = ["floor"] + [c.name for c in bench.cached()]
    return Result("headers", f"Hit, C++ file with {count} headers (g++ -std=c++20 -c)", HIT_COLUMNS,
                  hit_rows(bench, summaries, samples, names), goals, problems, summaries)


def total_cpu(summary):
    return summary["cpu"] + summary["daemon_cpu"]


# Many at once.

def parallel_hits(bench):
    count = 256
    directory = bench.work / "parallel"
    sources = [directory / f"tiny{number}.c" for number in range(count)]
    workload.write_aged(
        {source: workload.tiny_source(number) for number, source in enumerate(sources)})
    samples = {}
    for candidate in bench.cached():
        candidate.reset()
        commands = [compile_command(candidate, ("gcc", "-O2"), source) for source in sources]
        bench.driver.alternate(commands, 1, 300)
        candidate.settle()
        samples[candidate.name] = {
            "commands": commands, "objects": read_outputs(commands), "seconds": [], "failures": 0,
            "different": 0, "misses": candidate.hits_and_misses()[1]}
    for round_number in range(bench.rounds["parallel"]):
        names = list(samples)
        offset = round_number % len(names)
        for name in names[offset:] + names[:offset]:
            entry = samples[name]
            seconds, runs = bench.driver.burst(entry["commands"], 300)
            entry["seconds"].append(seconds)
            entry["failures"] += sum(run.failures for run in runs.values())
            entry["different"] += count_different(entry)
    return report_parallel(bench, samples, count)


def read_outputs(commands):
    result = {}
    for command in commands:
        try:
            with open(f"{command.directory}/{command.output}", "rb") as file:
                result[command.output] = file.read()
        except FileNotFoundError:
            result[command.output] = None
    return result


def count_different(entry):
    outputs = read_outputs(entry["commands"])
    return sum(outputs[name] != content for name, content in entry["objects"].items())


def report_parallel(bench, samples, count):
    rows, notes, raw = [], [], {}
    for candidate in bench.cached():
        entry = samples[candidate.name]
        median = statistics.median(entry["seconds"])
        missed = candidate.hits_and_misses()[1] - entry["misses"]
        errors = entry["failures"] + entry["different"]
        peak = candidate.daemon_peak()
        rows.append([candidate.title, f"{median * 1000:.0f}", f"{count / median:.0f}", errors,
                     missed, f"{peak / MEGABYTE:.1f}" if peak else "no daemon",
                     len(entry["seconds"])])
        raw[candidate.name] = {"seconds": entry["seconds"], "errors": errors, "misses": missed,
                               "peak_memory": peak}
    ours = raw["ours"]
    goals = [
        Goal("256 hits in parallel: errors", ours["errors"] + ours["misses"], 0, ""),
        Goal("256 hits in parallel: the daemon's memory at its peak", ours["peak_memory"] / MEGABYTE,
             80, "MB"),
    ]
    return Result(
        "parallel", f"{count} hits at once (tiny C files)",
        ["", "wall, median ms", "hits a second", "errors", "misses", "daemon's peak MB", "rounds"],
        rows, goals, notes, raw)


# A whole project.

def set_up_project(bench):
    bench.say("fetching and configuring the project")
    project = workload.Project(bench.work / "project", bench.jobs, bench.target)
    for candidate in bench.candidates.values():
        project.configure(candidate.name, candidate.launcher)
    time.sleep(3)
    return project


BUILD_TIMEOUT = 900
DISTURBING_CORES = 0.2


def build_cold(bench, project, candidate):
    candidate.reset()
    project.clean(candidate.name)
    return measure_build(project, candidate)


def measure_build(project, candidate, targets=()):
    before, busy = candidate.daemon_cpu(), busy_seconds()
    wall, cpu = project.build(candidate.name, candidate.environment, BUILD_TIMEOUT, targets)
    busy, daemon_cpu = busy_seconds() - busy, candidate.daemon_cpu() - before
    candidate.settle()
    # What the daemon does behind its last reply counts as its work, too.
    return {"wall": wall, "cpu": cpu, "daemon_cpu": candidate.daemon_cpu() - before,
            "others_cpu": max(0, busy - cpu - daemon_cpu)}


def busy_seconds():
    """CPU time of the whole machine since it started, what its host took away included."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq, steal, *_ = map(int, file.readline().split()[1:])
    return (user + nice + system + irq + softirq + steal) / TICKS


def disturbances(bench, runs):
    """Says for whom other processes took part of the machine while it built."""
    notes = []
    for name, samples in runs.items():
        wall = sum(sample["wall"] for sample in samples)
        cores = sum(sample["others_cpu"] for sample in samples) / wall
        if cores > DISTURBING_CORES:
            title = bench.candidates[name].title if name in bench.candidates else "spawn floor"
            notes.append(f"{title}: other processes of the machine took {cores:.2f} of its cores "
                         "meanwhile; trust the CPU columns")
    return notes


def rotated(items, offset):
    items = list(items)
    offset %= len(items)
    return items[offset:] + items[:offset]


def project_cold(bench, project):
    runs = {name: [] for name in bench.candidates}
    for round_number in range(bench.rounds["cold"]):
        for candidate in rotated(bench.candidates.values(), round_number):
            bench.say(f"cold build {round_number + 1} of {bench.rounds['cold']}: {candidate.title}")
            runs[candidate.name].append(build_cold(bench, project, candidate))
    notes = compare_objects(bench, project) + disturbances(bench, runs)
    count = len(project.objects("plain"))
    medians = {name: median_of(samples, "wall") for name, samples in runs.items()}
    best_peer = min(("ccache", "mozilla"), key=lambda name: medians[name])
    goals = [
        Goal("whole project, cache empty: wall over the plain build",
             paired(runs["ours"], runs["plain"]), 1.05),
        Goal(f"whole project, cache empty: wall over {bench.candidates['ccache'].title}",
             paired(runs["ours"], runs["ccache"]), 1.0),
        Goal(f"whole project, cache empty: wall over {bench.candidates['mozilla'].title}",
             paired(runs["ours"], runs["mozilla"]), 1.0),
    ]
    rows = build_rows(bench, runs, bench.candidates, "plain")
    return Result(
        "cold", f"Whole project, cache empty ({project.title}, {count} C++ files, -j{bench.jobs})",
        BUILD_COLUMNS + ["wall x no cache", "CPU x no cache"], rows, goals, notes, runs | {"best_peer": best_peer})


BUILD_COLUMNS = ["", "wall, median s", "wall, least s", "CPU, median s", "rounds"]


def cpu_of(samples):
    return statistics.median(sample["cpu"] + sample["daemon_cpu"] for sample in samples)


def build_rows(bench, runs, names, base):
    rows = []
    for name in names:
        title = bench.candidates[name].title if name in bench.candidates else "spawn floor"
        samples = runs[name]
        row = [title, f"{median_of(samples, 'wall'):.2f}",
               f"{min(sample['wall'] for sample in samples):.2f}", f"{cpu_of(samples):.2f}",
               len(samples)]
        rows.append(row + [f"{paired(samples, runs[base]):.3f}",
                           f"{cpu_of(samples) / cpu_of(runs[base]):.3f}"])
    return rows


def project_warm(bench, project, is_primed):
    if not is_primed:
        for candidate in bench.candidates.values():
            bench.say(f"filling the cache: {candidate.title}")
            build_cold(bench, project, candidate)
    else:
        bench.say("using the caches that the cold builds filled")
    # All objects, without the archives: those cost five times what is compared here, and the same
    # for everyone.
    objects = [str(path) for path in project.objects("plain")]
    # The same build with a program that does nothing in the compiler's place, over the objects of
    # the plain build: what ninja, the shell and starting a process cost.
    project.configure("plain", bench.driver.nothing)
    floor = bench.candidates["plain"]
    before = {c.name: c.hits_and_misses() for c in bench.cached()}
    runs = {name: [] for name in bench.candidates}
    for round_number in range(bench.rounds["warm"]):
        bench.say(f"warm build {round_number + 1} of {bench.rounds['warm']}")
        for candidate in rotated(bench.candidates.values(), round_number):
            if candidate is floor:
                project.forget("plain")
            else:
                project.clean(candidate.name)
            runs[candidate.name].append(measure_build(project, candidate, objects))
    runs["floor"] = runs.pop("plain")
    return report_warm(bench, project, runs, before)


def report_warm(bench, project, runs, before):
    count = len(project.objects("ours"))
    notes = []
    for candidate in bench.cached():
        hits, misses = (after - start for after, start in zip(
            candidate.hits_and_misses(), before[candidate.name]))
        if misses or hits != count * len(runs[candidate.name]):
            notes.append(f"{candidate.title}: {hits} hits and {misses} misses in "
                         f"{len(runs[candidate.name])} builds of {count} files")
    notes += compare_objects(bench, project) + disturbances(bench, runs)
    floor = median_of(runs["floor"], "wall")
    over = {c.name: median_of(runs[c.name], "wall") - floor for c in bench.cached()}
    peer = min(("ccache", "mozilla"), key=lambda name: over[name])
    goals = [Goal(
        f"whole project, cache full: wall over the spawn floor, as a part of that of "
        f"{bench.candidates[peer].title}", over["ours"] / over[peer], 1 / 3)]
    rows = []
    for row, name in zip(build_rows(bench, runs, ["floor"] + [c.name for c in bench.cached()],
                                    "floor"), ["floor"] + [c.name for c in bench.cached()]):
        rows.append(row + [f"{over.get(name, 0):.3f}"])
    return Result(
        "warm",
        f"Whole project, cache full ({project.title}, {count} objects of C++ files, -j{bench.jobs})",
        BUILD_COLUMNS + ["wall x floor", "CPU x floor", "wall s over floor"], rows, goals, notes, runs)


def compare_objects(bench, project):
    """Complaints about objects that are not the plain build's."""
    plain = project.objects("plain")
    notes = []
    for candidate in bench.cached():
        objects = project.objects(candidate.name)
        different = [path for path in plain if objects.get(path) != plain[path]]
        if different or len(objects) != len(plain):
            notes.append(f"{candidate.title}: {len(different)} objects differ from the plain build's")
    return notes


def median_of(samples, key):
    return statistics.median(sample[key] for sample in samples)


def paired(left, right):
    return statistics.median(a["wall"] / b["wall"] for a, b in zip(left, right))


def milliseconds(seconds):
    return f"{seconds * 1000:.3f}"
