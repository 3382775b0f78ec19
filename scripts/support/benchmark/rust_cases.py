"""The cases of `scripts/bench rust`."""

import dataclasses
import pathlib
import shutil
import statistics
import subprocess
import time

from .cases import Goal, Result, rotated
from .workload import wait

# Crates of Debian's: its packages are a registry of cargo's.
REGISTRY = pathlib.Path("/usr/share/cargo/registry")
BUILD_SECONDS = 900

# Three crates of one's own, some fifty of others: build scripts, procedural macros, C, a program.
FILES = {
    ".cargo/config.toml": f"""
[source.crates-io]
replace-with = "debian"
[source.debian]
directory = "{REGISTRY}"
[net]
offline = true
""",
    "Cargo.toml": """
[workspace]
members = ["a", "b", "c"]
resolver = "2"
""",
    "a/Cargo.toml": """
[package]
name = "a"
version = "0.1.0"
edition = "2021"
[dependencies]
serde = { version = "1", features = ["derive"] }
serde_json = "1"
regex = "1"
anyhow = "1"
""",
    "a/src/lib.rs": """
use serde::{Deserialize, Serialize};
#[derive(Serialize, Deserialize, Debug)]
pub struct Point { pub x: i32, pub name: String }
pub fn parse(text: &str) -> anyhow::Result<Point> { Ok(serde_json::from_str(text)?) }
pub fn matches(text: &str) -> bool { regex::Regex::new("^a+$").unwrap().is_match(text) }
""",
    "b/Cargo.toml": """
[package]
name = "b"
version = "0.1.0"
edition = "2021"
[build-dependencies]
cc = "1"
""",
    "b/build.rs": """
fn main() {
    println!("cargo:rerun-if-changed=src/answer.c");
    cc::Build::new().file("src/answer.c").compile("answer");
}
""",
    "b/src/answer.c": "int b_answer(void) { return 7; }\n",
    "b/src/lib.rs": """
extern "C" { fn b_answer() -> i32; }
pub fn answer() -> i32 { unsafe { b_answer() } }
""",
    "c/Cargo.toml": """
[package]
name = "c"
version = "0.1.0"
edition = "2021"
[dependencies]
a = { path = "../a" }
b = { path = "../b" }
clap = { version = "4", features = ["derive"] }
rayon = "1"
rand = "0.8"
log = "0.4"
env_logger = { version = "0.9", default-features = false }
tokio = { version = "1", features = ["rt", "macros"] }
""",
    "c/src/main.rs": """
use clap::Parser;
#[derive(Parser)]
struct Arguments { #[arg(default_value = "aaa")] text: String }
fn main() {
    env_logger::init();
    let arguments = Arguments::parse();
    println!("{} {} {:?}", a::matches(&arguments.text), b::answer(),
        a::parse("{\\"x\\":1,\\"name\\":\\"y\\"}").unwrap());
}
""",
}


@dataclasses.dataclass
class Build:
    wall: float
    cpu: float


@dataclasses.dataclass
class RustBench:
    """What every case works with."""

    work: pathlib.Path
    candidates: dict
    rounds: dict
    jobs: int
    say: object

    def __post_init__(self):
        self.source = self.work / "workspace"
        for name, text in FILES.items():
            path = self.source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        # As old as sources are.
        time.sleep(2)
        # One directory for all: what is compiled where is in the metadata.
        self.target = self.work / "target"

    def build(self, candidate, words):
        """Builds all anew; time of the build alone, processors of the daemon with it."""
        shutil.rmtree(self.target, ignore_errors=True)
        environment = candidate.environment | {
            "CARGO_TARGET_DIR": str(self.target), "CARGO_INCREMENTAL": "0"}
        if candidate.launcher:
            environment["RUSTC_WRAPPER"] = candidate.launcher
        log = self.work / "cargo.log"
        before = candidate.daemon_cpu()
        with log.open("w") as output:
            started = time.perf_counter()
            process = subprocess.Popen(
                ["cargo", *words, "--offline", "-j", str(self.jobs)], cwd=self.source,
                env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
            status, usage = wait(process, BUILD_SECONDS)
            wall = time.perf_counter() - started
        if status != 0:
            raise RuntimeError(f"{candidate.title}: cargo failed:\n{log.read_text()[-2000:]}")
        cpu = usage.ru_utime + usage.ru_stime + candidate.daemon_cpu() - before
        return Build(wall, cpu)

    def products(self):
        """What rustc and its linker made."""
        return {path.relative_to(self.target): path.read_bytes()
                for path in self.target.rglob("deps/*") if path.suffix != ".d"}

    def stop(self):
        for candidate in self.candidates.values():
            candidate.stop()


def median(builds):
    return Build(statistics.median(build.wall for build in builds),
                 statistics.median(build.cpu for build in builds))


def wall_ratio(left, right):
    """The median of left / right over the rounds: two builds of the same kind differ by a tenth, and what
    slows the machine down for a minute slows down both."""
    return statistics.median(a.wall / b.wall for a, b in zip(left, right))


def compared(bench, words, key, title):
    """With an empty cache and with a full one, all candidates in turn, so that each meets the same
    machine."""
    warm, counts, products = {}, {}, {}
    colds = {name: [] for name in bench.candidates}
    for number in range(bench.rounds["cold"]):
        for candidate in rotated(bench.candidates.values(), number):
            bench.say(f"{title}: {candidate.title}")
            candidate.reset()
            colds[candidate.name].append(bench.build(candidate, words))
            candidate.settle()
            products[candidate.name] = bench.products()
    cold = {name: median(builds) for name, builds in colds.items()}
    cached = [c for c in bench.candidates.values() if c.name != "plain"]
    runs = {c.name: [] for c in cached}
    for _ in range(bench.rounds["warm"]):
        for candidate in cached:
            before = candidate.hits_and_misses()
            runs[candidate.name].append(bench.build(candidate, words))
            after = candidate.hits_and_misses()
            counts[candidate.name] = [new - old for new, old in zip(after, before)]
            products[f"{candidate.name} again"] = bench.products()
    rows, notes = [], []
    for candidate in bench.candidates.values():
        name = candidate.name
        row = [candidate.title, f"{cold[name].wall:.2f}", f"{cold[name].cpu:.2f}"]
        if name in runs:
            warm[name] = median(runs[name])
            row += [f"{warm[name].wall:.2f}", f"{warm[name].cpu:.2f}", counts[name][0],
                    counts[name][1]]
        else:
            row += ["", "", "", ""]
        rows.append(row)
    for name, made in products.items():
        different = [str(path) for path, data in products["plain"].items() if made.get(path) != data]
        if different:
            notes.append(f"{name}: {len(different)} of {len(products['plain'])} products differ from "
                         f"the plain build's: {', '.join(sorted(different)[:5])}")
    ours, theirs = warm["ours"], warm["mozilla"]
    goals = [
        Goal(f"rust, {title}, full cache: wall time over Mozilla's", ours.wall / theirs.wall, 0.5),
        Goal(f"rust, {title}, full cache: processor time over Mozilla's", ours.cpu / theirs.cpu, 1 / 3),
        Goal(f"rust, {title}, empty cache: wall time over plain cargo's",
             wall_ratio(colds["ours"], colds["plain"]), 1.05),
    ]
    raw = {"cold": {name: [dataclasses.asdict(build) for build in builds]
                    for name, builds in colds.items()},
           "warm": {name: [dataclasses.asdict(build) for build in builds]
                    for name, builds in runs.items()}}
    return Result(
        f"rust-{key}", f"cargo {' '.join(words)}: {title} (seconds)",
        ["", "empty: wall", "CPU", "full: wall", "CPU", "hits", "misses"], rows, goals, notes, raw)


def build(bench):
    return compared(bench, ["build"], "build", "a workspace, debug")


def check(bench):
    return compared(bench, ["check"], "check", "a workspace, checked")


CASES = {"build": build, "check": check}
