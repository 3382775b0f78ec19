"""The cases of `scripts/bench farm`."""

import dataclasses
import json
import pathlib
import shutil
import statistics
import subprocess
import tarfile
import time

from . import workload
from .candidates import base_environment
from .cases import Goal, Result, milliseconds
from .driver import Command, compile_c
from .farms import SLOTS, Icecream, OurFarm, SccacheFarm, Tools, text64, tree_cpu
from .processes import NotReady
from .relay import Relay

HERE = pathlib.Path(__file__).resolve().parent
TOOLCHAIN_SOURCES = HERE.parents[2] / "Tests/SandboxTests/Toolchain"


@dataclasses.dataclass
class FarmBench:
    """What every case works with."""

    work: pathlib.Path
    driver: object
    # Directories with the programs.
    ours: pathlib.Path
    mozilla: pathlib.Path
    rounds: dict
    server_counts: list
    idle_servers: int
    say: object

    def __post_init__(self):
        self.tools = Tools(self.work)
        self.started = []
        self.number = 0

    def farm(self, name):
        """A farm of its own, whose parts are not started."""
        self.number += 1
        place = self.work / f"farm{self.number}"
        place.mkdir()
        place.chmod(0o755)
        if name == "ours":
            farm = OurFarm(place, name, "this sccache", self.ours)
        elif name == "mozilla":
            farm = SccacheFarm(place, name, "Mozilla's sccache 0.16.0", self.mozilla)
        else:
            farm = Icecream(place)
        self.started.append(farm)
        return farm

    def end(self, farm):
        farm.stop()
        self.started.remove(farm)
        shutil.rmtree(farm.work, ignore_errors=True)

    def stop(self):
        for farm in list(self.started):
            self.end(farm)


def warm(farm, compiler, source, environment=None, seconds=240):
    """Compiles until the farm does it: the toolchain is packed and sent first."""
    deadline = time.monotonic() + seconds
    while farm.distributed() == 0:
        if time.monotonic() > deadline:
            raise NotReady(f"{farm.title}: compiles nothing on its servers within {seconds} s")
        subprocess.run(farm.command(compiler, "-c", source.name, "-o", "warm.o"), cwd=source.parent,
                       env=farm.call_environment | (environment or {}), check=True, timeout=seconds,
                       stderr=subprocess.DEVNULL)
        time.sleep(0.2)


def settled(farm, least, seconds=20):
    """The jobs that the farm has done, once they are at least so many; a log may lag behind."""
    deadline = time.monotonic() + seconds
    while farm.distributed() < least and time.monotonic() < deadline:
        time.sleep(0.2)
    return farm.distributed()


# One file.

def latency(bench):
    """One empty C file, again and again, in turns with the local compiler and the other farms."""
    source = bench.work / "latency" / "empty.c"
    workload.write_aged({source: ""})
    farms = [bench.farm(name) for name in ("ours", "mozilla", "icecream")]
    for farm in farms:
        farm.start_scheduler()
        farm.start_servers(1, bench.tools)
        farm.start_client()
        warm(farm, "gcc", source)
    commands = [Command("local", [shutil.which("gcc"), "-c", source.name, "-o", "local.o"], base_environment(),
                        str(source.parent), "local.o")]
    for farm in farms:
        output = f"{farm.name}.o"
        commands.append(Command(
            farm.name, [str(word) for word in farm.command("gcc", "-c", source.name, "-o", output)],
            farm.call_environment, str(source.parent), output))
    before = {farm.name: farm.distributed() for farm in farms}
    samples = bench.driver.alternate(commands, bench.rounds["latency"], 300)
    runs = len(samples["local"].wall)
    rows, notes, raw = [["local compiler", *latency_cells(samples["local"], None), runs, ""]], [], {}
    over = {}
    for farm in farms:
        sample = samples[farm.name]
        done = settled(farm, before[farm.name] + runs) - before[farm.name]
        over[farm.name] = statistics.median(
            a - b for a, b in zip(sample.wall, samples["local"].wall))
        rows.append([farm.title, *latency_cells(sample, over[farm.name]), runs, done])
        raw[farm.name] = {"wall": sample.wall, "on_the_farm": done}
        if sample.failures or done != runs:
            notes.append(f"{farm.title}: {sample.failures} of {runs} runs failed, {done} were compiled "
                         "on the farm")
    raw["local"] = {"wall": samples["local"].wall}
    for farm in farms:
        bench.end(farm)
    goal = Goal("farm, one empty C file: time over the local compiler, as a part of Mozilla's",
                over["ours"] / over["mozilla"], 0.5)
    return Result(
        "farm-latency", "One empty C file through a farm of one server (gcc -c)",
        ["", "wall, median ms", "wall, p10 ms", "over local, ms", "runs", "on the farm"], rows, [goal],
        notes, raw)


def latency_cells(sample, over):
    summary = sample.summary()
    return [milliseconds(summary["median"]), milliseconds(summary["p10"]),
            "" if over is None else milliseconds(over)]


# What a file costs.

COST_COLUMNS = ["a file", "sent kB", "received kB", "client CPU ms", "server CPU ms",
                "scheduler CPU ms", "all CPU ms"]


def cost(bench):
    """Bytes on the wire and processor time by role, of a C++ file with some headers."""
    count = bench.rounds["cost"]
    # One for each call: a cache that still stores the last result may do the next call differently.
    sources = [bench.work / "cost" / f"strings{number}.cpp" for number in range(count)]
    workload.write_aged({
        source: f"#include <map>\n#include <string>\n"
                f"int size{number}(const std::map<std::string, int> &all)\n"
                f"{{ return all.size() + all.count(\"one\"); }}\n"
        for number, source in enumerate(sources)})
    words = ["g++", "-O1", "-c", "-o", "object.o"]
    local = processor_time(words, sources, base_environment())
    rows = [["local compiler", "", "", milliseconds(local), "", "", milliseconds(local)]]
    notes, raw = [], {"local": local}
    for name in ("ours", "mozilla", "icecream"):
        farm = bench.farm(name)
        measured = farm_cost(bench, farm, words, sources)
        done, sent, got, used = measured
        if done != count:
            notes.append(f"{farm.title}: of {count} files {done} were compiled on the farm")
        raw[name] = {"sent": sent, "received": got, "on_the_farm": done} | used
        cpu = [used[role] for role in ("client", "server", "scheduler")]
        rows.append([farm.title, f"{sent / 1000:.1f}", f"{got / 1000:.1f}",
                     *map(milliseconds, [*cpu, sum(cpu)])])
        bench.end(farm)
    return Result(
        "farm-cost", f"What a C++ file costs on a farm (<map> and <string>, {count} files)",
        COST_COLUMNS, rows, [], notes, raw)


def farm_cost(bench, farm, words, sources):
    """For each file: jobs on the farm, bytes sent and received by the client, seconds by role."""
    relay, count = Relay(), len(sources)
    farm.start_scheduler()
    farm.start_servers(1, bench.tools, relay)
    farm.start_client(relay)
    warm(farm, "g++", sources[0])
    jobs, cpu, seen = farm.distributed(), farm.cpu(), bytes_of(farm, relay)
    wrapper = processor_time(farm.command(*words), sources, farm.call_environment)
    done = settled(farm, jobs + count) - jobs
    used = {role: (value - cpu[role]) / count for role, value in farm.cpu().items()}
    used["client"] += wrapper
    sent, got = (after - before for after, before in zip(bytes_of(farm, relay), seen))
    relay.close()
    return done, sent / count, got / count, used


def bytes_of(farm, relay):
    """Sent and received by the client: counted between the programs, or, of icecream, as its scheduler
    reports them."""
    if isinstance(farm, Icecream):
        pairs = list(farm.ends())
        return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    return relay.counts()


def processor_time(words, sources, environment):
    """Seconds that a call and its children take, for each source."""
    total = 0
    for source in sources:
        process = subprocess.Popen([*map(str, words), source.name], cwd=source.parent,
                                   env=environment, stderr=subprocess.DEVNULL)
        status, usage = workload.wait(process, 120)
        if status != 0:
            raise RuntimeError(f"{words[0]} failed with {status}")
        total += usage.ru_utime + usage.ru_stime
    return total / len(sources)


# Many servers.

# What the processors of a small machine still manage: each job starts a wrapper, a preprocessor, a
# sandbox. A slot is free from the end of its job until the next one has come to it, which takes the same
# time however long the job is: it is set beside half a second, which is a short compilation.
JOBS_PER_SECOND = 16
SHORTEST_SLEEP = 0.5
# How often each slot is taken, at least; the first time and the last are not measured.
LEAST_TURNS = 6
# For toolchains to reach all servers, and for one run of jobs, which takes some tens.
WARM_SECONDS = 120
BURST_SECONDS = 240


def slots(bench):
    """A compiler that only sleeps, on more and more servers: is every slot always taken?"""
    compiler = bench.work / "sleeper" / "gcc"
    compiler.parent.mkdir()
    compiler.parent.chmod(0o755)
    compile_c(HERE / "sleeper.c", compiler)
    rows, goals, notes, raw = [], [], [], {}
    for name in ("ours", "mozilla"):
        farm = bench.farm(name)
        farm.start_scheduler()
        farm.start_client()
        for count in bench.server_counts:
            bench.say(f"{farm.title}: {count} servers of {SLOTS} slots")
            try:
                farm.start_servers(count, bench.tools)
                run, sleep, jobs = full_farm(bench, farm, compiler, count)
            except (NotReady, subprocess.SubprocessError) as problem:
                notes.append(f"{farm.title}, {count} servers: no figures: {problem}")
                if name == "ours":
                    goals.append(Goal(slots_goal(count), 0, LEAST_SHARE, at_least=True))
                break
            ideal = count * SLOTS / sleep
            share = run.rate / ideal
            missing = jobs - run.distributed
            rows.append([f"{farm.title}, {count} servers", f"{sleep:.2f}", f"{ideal:.1f}",
                         f"{run.rate:.1f}", f"{100 * share:.1f} %", f"{run.seconds:.1f}", jobs])
            bench.say(f"{100 * share:.1f} % of the ideal")
            raw[f"{name}-{count}"] = {"seconds": run.seconds, "rate": run.rate, "sleep": sleep,
                                      "jobs": jobs, "not_on_the_farm": missing}
            if missing:
                reasons = [f"{number} {reason}" for reason, number in run.reasons.items()]
                notes.append(f"{farm.title}, {count} servers: {missing} of {jobs} jobs were compiled "
                             f"locally ({', '.join(reasons) or 'it does not say why'})")
            if name == "ours":
                goals.append(Goal(slots_goal(count), share, LEAST_SHARE, at_least=True))
        bench.end(farm)
    return Result(
        "farm-slots", "A compiler that only sleeps, as many callers as the farm has slots",
        ["", "sleep s", "ideal jobs/s", "jobs/s", "of ideal", "wall s", "jobs"], rows, goals,
        notes, raw)


LEAST_SHARE = 0.95


def slots_goal(count):
    return (f"farm, a compiler that sleeps, {count} servers of {SLOTS} slots: jobs a second as a part "
            "of the ideal")


@dataclasses.dataclass(order=True)
class Burst:
    """Jobs that came as fast as the farm took them."""

    # Jobs a second while every caller had one: from the end of the first turn to the end of the last but
    # one.
    rate: float
    seconds: float
    # How many of them the farm did.
    distributed: int
    # Why the others were not, as often.
    reasons: dict = dataclasses.field(compare=False)


def full_farm(bench, farm, compiler, count):
    """The run with the median rate, the compiler's sleep and the number of jobs."""
    callers = count * SLOTS
    sleep = max(SHORTEST_SLEEP, callers / JOBS_PER_SECOND)
    turns = max(LEAST_TURNS, round(bench.rounds["slots"] / sleep))
    directory = farm.work / f"sources-{count}"
    directory.mkdir()
    for number in range(callers * turns):
        (directory / f"job{number}.c").write_text(
            f"int milliseconds_{int(sleep * 1000)}, job{number};\n")
    # Every server gets the toolchain before the clock starts; the first jobs, which find no toolchain to
    # send, don't sleep: they are compiled locally, where only as many sleep at a time as there are
    # processors.
    short = directory / "short.c"
    short.write_text("int milliseconds_0;\n")
    warm(farm, str(compiler), short)
    deadline = time.monotonic() + WARM_SECONDS
    done = 0
    while done < callers and time.monotonic() < deadline:
        done = burst(farm, compiler, directory, callers, callers).distributed
    # Hundreds of jobs are a median of their own.
    repeats = 1 if count > 2 else bench.rounds["repeats"]
    runs = [burst(farm, compiler, directory, callers * turns, callers) for _ in range(repeats)]
    return sorted(runs)[len(runs) // 2], sleep, callers * turns


def burst(farm, compiler, directory, jobs, callers):
    """Compiles so many files, so many at a time."""
    before, reasons_before = farm.distributed(), farm.client.reasons_against()
    words = farm.command(str(compiler), "-c", "job@.c", "-o", "job@.o")
    names = "\n".join(str(number) for number in range(jobs))
    for number in range(jobs):
        (directory / f"job{number}.o").unlink(missing_ok=True)
    started = time.perf_counter()
    try:
        subprocess.run(["xargs", "-P", str(callers), "-I", "@", *map(str, words)], input=names,
                       text=True, cwd=directory, env=farm.call_environment, check=True,
                       timeout=BURST_SECONDS, stderr=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        # Rather than wait for whoever waits for whom: the farm is ended, and its callers with it.
        raise NotReady(f"{jobs} jobs, {callers} at a time, took more than {BURST_SECONDS} s") from None
    except subprocess.CalledProcessError as problem:
        raise NotReady(f"jobs failed (exit code {problem.returncode} of xargs)") from None
    seconds = time.perf_counter() - started
    ends = sorted((directory / f"job{number}.o").stat().st_mtime_ns for number in range(jobs))
    first, last = callers - 1, jobs - callers - 1
    rate = (last - first) / (ends[last] - ends[first]) * 1e9 if last > first else jobs / seconds
    distributed = settled(farm, before + jobs, 1) - before
    reasons = {reason: number - reasons_before.get(reason, 0)
               for reason, number in farm.client.reasons_against().items()}
    return Burst(rate, seconds, distributed,
                 {reason: number for reason, number in reasons.items() if number})


# The scheduler alone.

def allocations(bench):
    """alloc_job, with many servers that do nothing."""
    rows, goals, raw, notes = [], [], {}, []
    for name, heartbeat in (("ours", 2), ("mozilla", 30)):
        farm = bench.farm(name)
        farm.start_scheduler()
        bench.say(f"{farm.title}: {bench.idle_servers} servers register")
        before = tree_cpu([farm.scheduler.pid])
        made = subprocess.run(
            [bench.ours / "farm-load", "scheduler", "--scheduler", f"127.0.0.1:{farm.port}",
             "--client-token", farm.token, "--server-key", text64(farm.key),
             "--servers", str(bench.idle_servers), "--heartbeat", str(heartbeat),
             "--seconds", str(bench.rounds["alloc"])],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=1500)
        if made.returncode != 0:
            notes.append(f"{farm.title}: no figures: {' '.join(made.stderr.split())[-300:]}")
            bench.end(farm)
            continue
        told = json.loads(made.stdout)
        told["scheduler_cpu"] = tree_cpu([farm.scheduler.pid]) - before
        bench.end(farm)
        raw[name] = told
        rows.append([farm.title, f"{told['placed_per_second']:.0f}", f"{told['p50_ms']:.2f}",
                     f"{told['p99_ms']:.2f}", f"{told['max_ms']:.1f}",
                     told["refused"] + told["failed"] + told["unconnected"],
                     f"{told['registration_seconds']:.1f}", f"{told['scheduler_cpu']:.1f}",
                     f"{told['load_processor_seconds']:.1f}"])
        if name == "ours":
            what = f"farm, alloc_job with {told['servers']} servers and {told['clients']} clients"
            goals = [Goal(f"{what}: jobs placed a second", told["placed_per_second"], 5000, "",
                          at_least=True),
                     Goal(f"{what}: p99", told["p99_ms"], 5, "ms")]
    return Result(
        "farm-alloc", f"Places given by the scheduler ({bench.idle_servers} servers, 16 clients, one "
        "question each at a time)",
        ["", "a second", "p50 ms", "p99 ms", "longest ms", "not placed", "registration s",
         "scheduler CPU s", "load CPU s"], rows, goals, notes, raw)


# The sandbox alone.

def sandbox(bench):
    """One job that does nothing: in a slot of ours, and in Mozilla's way, an overlay and a bubblewrap for
    each job."""
    place = bench.work / "sandbox"
    place.mkdir()
    place.chmod(0o711)
    subprocess.run(["sh", TOOLCHAIN_SOURCES / "build", place / "toolchains/gcc",
                    TOOLCHAIN_SOURCES / "probe.c"], check=True, stderr=subprocess.DEVNULL, timeout=120)
    (place / "a.i").write_text("int a;\n")
    with tarfile.open(place / "inputs.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
        archive.add(place / "a.i", "work/a.i")
    rounds = bench.rounds["sandbox"]
    told = json.loads(subprocess.run(
        [bench.ours / "farm-load", "sandbox", "--toolchains", place / "toolchains", "--toolchain",
         "gcc", "--program", "/usr/bin/probe", "--inputs", place / "inputs.tar", "--runner",
         bench.ours / "sccache-runner", "--state", place / "state", "--rounds", str(rounds)],
        check=True, stdout=subprocess.PIPE, text=True, timeout=300).stdout)
    recipe = place / "recipe"
    compile_c(TOOLCHAIN_SOURCES / "recipe.c", recipe)
    # In a mount namespace of its own: this machine sees nothing of its mounts.
    told["recipe_us"] = [int(subprocess.run(
        ["unshare", "-m", recipe, place / "toolchains/gcc", place / "job", shutil.which("bwrap")],
        check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout) for _ in range(rounds)]
    bare = statistics.median(told["bare_us"])
    rows, over = [], {}
    for key, title in (("bare_us", "bare process"), ("sandboxed_us", "this sccache's slot"),
                       ("recipe_us", "overlay and bubblewrap per job (Mozilla's way)")):
        median = statistics.median(told[key])
        over[key] = (median - bare) / 1000
        rows.append([title, f"{median / 1000:.2f}", f"{sorted(told[key])[rounds // 10] / 1000:.2f}",
                     "" if key == "bare_us" else f"{over[key]:.2f}", rounds])
    return Result(
        "farm-sandbox", "Making and clearing away a sandbox, for each job",
        ["", "wall, median ms", "wall, p10 ms", "over bare, ms", "jobs"], rows,
        [Goal("farm, a job's sandbox: time over a bare process", over["sandboxed_us"], 2, "ms")], [],
        told)


CASES = {"sandbox": sandbox, "alloc": allocations, "latency": latency, "cost": cost, "slots": slots}
