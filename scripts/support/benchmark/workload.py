"""What is compiled: generated files, and a project from Debian's sources."""

import os
import pathlib
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]

# Together some 400 headers of libstdc++ and libc.
HEADERS = """
algorithm any array atomic barrier bit bitset charconv chrono cmath codecvt compare complex
concepts condition_variable coroutine deque exception execution filesystem forward_list fstream
functional future initializer_list iomanip ios iostream istream iterator latch limits list locale
map memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio
regex scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept
stop_token streambuf string string_view syncstream system_error thread tuple type_traits typeindex
typeinfo unordered_map unordered_set utility valarray variant vector version
""".split()

# They include Threading Building Blocks, which may not be installed.
LEFT_OUT = {"execution"}


def tiny_source(number=0):
    return f"int tiny_{number}(int value) {{ return value + {number}; }}\n"


def header_heavy_source():
    includes = "".join(f"#include <{name}>\n" for name in HEADERS if name not in LEFT_OUT)
    return includes + (
        "\nstd::map<std::string, std::regex> table;\n"
        "bool known(const std::string &name) { return table.find(name) != table.end(); }\n")


def header_source():
    """Some 270 headers: what a file of a larger project includes."""
    return "".join(f"#include <{name}>\n" for name in HEADERS[:10]) + (
        "\nstd::array<std::any, 3> table;\n"
        "bool known(int index) { return table[index].has_value(); }\n")


def count_headers(source, *options):
    """How many files the compiler reads besides the source."""
    listing = subprocess.run(
        ["g++", *options, "-M", source], capture_output=True, text=True, check=True).stdout
    return len(listing.replace("\\\n", " ").split()) - 2


def write_aged(files):
    """Writes files and waits until no cache takes them for just changed."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    time.sleep(3)


class Project:
    """Abseil, built by cmake and ninja, with one build directory a candidate."""

    package = "abseil"

    def __init__(self, work, jobs, target):
        self.work = pathlib.Path(work)
        self.jobs = jobs
        self.target = target
        fetched = subprocess.run(
            [ROOT / "scripts/support/fetch-source", self.package, self.work / "source"],
            stdout=subprocess.PIPE, text=True, check=True, timeout=300)
        self.source = pathlib.Path(fetched.stdout.strip())
        self.title = self.source.name
        self.directories = {}

    def configure(self, name, launcher):
        directory = self.work / f"build-{name}"
        subprocess.run(
            ["cmake", "-S", self.source, "-B", directory, "-G", "Ninja",
             "-DCMAKE_BUILD_TYPE=Release", "-DABSL_BUILD_TESTING=OFF",
             f"-DCMAKE_C_COMPILER_LAUNCHER={launcher}",
             f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=300)
        self.directories[name] = directory

    def clean(self, name):
        subprocess.run(["ninja", "-C", self.directories[name], "-t", "clean"],
                       stdout=subprocess.DEVNULL, check=True, timeout=60)

    def forget(self, name):
        """Makes ninja run every command again, over the outputs that are there."""
        (self.directories[name] / ".ninja_log").unlink(missing_ok=True)

    def build(self, name, environment, timeout, targets=()):
        """Seconds of wall time and of CPU, of ninja and all that it waited for. Builds the
        targets, or else the whole."""
        words = ["ninja", "-C", str(self.directories[name]), "-j", str(self.jobs)]
        words += targets or ([self.target] if self.target else [])
        log = self.work / "ninja.log"
        with log.open("w") as output:
            started = time.perf_counter()
            process = subprocess.Popen(
                words, env=environment, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True)
            status, usage = wait(process, timeout)
            wall = time.perf_counter() - started
        if status != 0:
            raise RuntimeError(f"{name}: ninja failed:\n{log.read_text()[-2000:]}")
        return wall, usage.ru_utime + usage.ru_stime

    def objects(self, name):
        directory = self.directories[name]
        return {path.relative_to(directory): path.read_bytes() for path in directory.rglob("*.o")}


def wait(process, timeout):
    """Exit status and resources of a child, which is ended with all its own after the timeout."""
    alarm = threading.Timer(timeout, os.killpg, (process.pid, 15))
    alarm.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        alarm.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage
