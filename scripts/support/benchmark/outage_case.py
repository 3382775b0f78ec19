"""A store's server that goes away in the middle of a build."""

import concurrent.futures
import dataclasses
import os
import signal
import statistics
import subprocess
import time

from . import workload
from .candidates import Plain
from .cases import Goal, Result, compile_command
from .stores import Nginx, Redis

WORDS = ("g++", "-std=c++20", "-O0")
# Of the first half the store has the results in every build.
FILES, HALF = 200, 100
# Compilers at once.
JOBS = 2
MOST_LONGER = 1.05


@dataclasses.dataclass
class Fault:
    """What happens to a server, and what makes it serve again."""

    kind: type
    number: int
    title: str

    def strike(self, server):
        os.kill(server.process.pid, self.number)

    def mend(self, server):
        if self.number == signal.SIGSTOP:
            os.kill(server.process.pid, signal.SIGCONT)
        else:
            server.start()


FAULTS = (Fault(Redis, signal.SIGKILL, "Redis, kill -9"), Fault(Nginx, signal.SIGSTOP, "nginx, SIGSTOP"))


@dataclasses.dataclass
class Build:
    """One run over the files."""

    seconds: float
    failures: int
    misses: int
    # Whether the objects of the second half were compared.
    different: int = 0


def run(commands, strike=None):
    """As `make -j` does it; `strike` is called once the first half is done. Gives seconds and failures."""
    done, failures = 0, 0
    started = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        runs = [pool.submit(compile_one, command) for command in commands]
        for finished in concurrent.futures.as_completed(runs):
            failures += finished.result() != 0
            done += 1
            if done == HALF and strike:
                strike()
    return time.perf_counter() - started, failures


def compile_one(command):
    return subprocess.run(command.arguments, env=command.environment, cwd=command.directory,
                          stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120,
                          check=False).returncode


def outage(bench):
    """The same work with and without the fault: half of the files hit, and the others are compiled, once since
    the store has never seen them, once since it is gone."""
    directory = bench.work / "outage"
    text = "".join(f"#include <{name}>\n" for name in ("map", "memory", "string", "vector"))
    sources = [directory / f"file{number}.cpp" for number in range(FILES)]
    rounds = bench.rounds["outage"]
    fresh = [[directory / f"fresh{fault}-{turn}-{number}.cpp" for number in range(HALF, FILES)]
             for turn in range(rounds) for fault in range(len(FAULTS))]
    # No two alike: what one build has stored is no hit of the next.
    everything = sources + [source for turn in fresh for source in turn]
    workload.write_aged({source: f"{text}int file{number};\n"
                         for number, source in enumerate(everything)})
    plain = PlainBuild(bench, sources)
    rows, goals, notes, raw = [], [], [], {"plain": plain.seconds}
    for number, fault in enumerate(FAULTS):
        # Both kinds of builds have files of their own in each round.
        told = measure(bench, fault, sources, fresh[number::len(FAULTS)], plain)
        pairs = [(broken.seconds, whole.seconds) for broken, whole in zip(told["broken"], told["whole"])]
        ratio = statistics.median(broken / whole for broken, whole in pairs)
        medians = [statistics.median(build.seconds for build in told[key]) for key in ("whole", "broken")]
        rows.append([fault.title, f"{plain.seconds:.1f}", *(f"{median:.1f}" for median in medians),
                     f"{ratio:.3f}", rounds])
        goals.append(Goal(f"{fault.title} in the middle of {FILES} files: wall over the same build with a "
                          "store that has nothing from there on", ratio, MOST_LONGER))
        notes += complaints(fault, told)
        raw[fault.title] = {key: [dataclasses.asdict(build) for build in builds]
                            for key, builds in told.items()}
    goals.append(Goal("outages: failed runs, wrong objects", sum(
        build["failures"] + build["different"] for title in raw if title != "plain"
        for builds in raw[title].values() for build in builds), 0, ""))
    return Result(
        "stores-outage", f"{FILES} C++ files, -j{JOBS}, the second half without the store",
        ["", "no cache, s", "store goes on, second half not in it, s", "store goes away, s", "ratio",
         "rounds"], rows, goals, notes, raw)


class PlainBuild:
    """The compiler alone: how long it takes, and what is right."""

    def __init__(self, bench, sources):
        bench.say("outage: the build without a cache")
        compiler = Plain(bench.work / "outage")
        self.commands = [compile_command(compiler, WORDS, source) for source in sources]
        self.seconds, failures = run(self.commands)
        if failures:
            raise RuntimeError(f"{failures} files don't compile")

    def count_different(self, commands):
        return sum(read(command) != read(plain) for command, plain in zip(commands, self.commands))


def read(command):
    with open(f"{command.directory}/{command.output}", "rb") as file:
        return file.read()


def measure(bench, fault, sources, fresh, plain):
    server = bench.server(fault.kind, "-outage")
    callers = bench.callers(f"outage-{fault.kind.__name__}", ("ours",))
    candidate, = callers.cached()
    callers.use(server, server.port)
    bench.say(f"outage: filling {server.title}")
    run([compile_command(candidate, WORDS, source) for source in sources])
    candidate.stop()
    server.keep()
    told = {"whole": [], "broken": []}
    for turn, others in enumerate(fresh):
        bench.say(f"outage: {fault.title}, round {turn + 1} of {len(fresh)}")
        builds = [("whole", sources[:HALF] + others, None),
                  ("broken", sources, lambda: fault.strike(server))]
        for key, files, strike in builds if turn % 2 == 0 else reversed(builds):
            callers.use(server, server.port)
            commands = [compile_command(candidate, WORDS, source) for source in files]
            seconds, failures = run(commands, strike)
            build = Build(seconds, failures, candidate.hits_and_misses()[1])
            if strike:
                build.different = plain.count_different(commands)
                fault.mend(server)
            told[key].append(build)
    bench.end(callers)
    bench.end(server)
    return told


def complaints(fault, told):
    """A hit more or less is the moment in which the fault strikes."""
    return [f"{fault.title}: {build.misses} misses in a build whose store had {HALF} of {FILES} results"
            for builds in told.values() for build in builds
            if abs(build.misses - (FILES - HALF)) > 2 * JOBS]
