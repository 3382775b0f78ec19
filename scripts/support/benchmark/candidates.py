"""What is compared: no cache, ours, ccache and Mozilla's sccache."""

import json
import os
import pathlib
import shutil
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")


def base_environment():
    """The caller's environment without anything that configures a cache."""
    return {
        key: value for key, value in os.environ.items()
        if not key.startswith(("SCCACHE_", "CCACHE_", "MAKEFLAGS"))
    }


class Plain:
    """The compiler alone."""

    name = "plain"
    title = "no cache"
    launcher = ""

    def __init__(self, work):
        self.work = pathlib.Path(work) / self.name
        self.work.mkdir(parents=True)
        self.environment = base_environment()

    def command(self, *words):
        return list(words)

    def reset(self):
        """Starts over with an empty cache."""

    def settle(self):
        """Waits until everything is stored."""

    def hits_and_misses(self):
        return 0, 0

    def daemon_cpu(self):
        return 0.0

    def daemon_peak(self):
        """Bytes of memory, at most, since the daemon started; 0 without one."""
        return 0

    def stop(self):
        """Ends what was started."""


class Ccache(Plain):
    """ccache as it installs: direct mode, inode cache, zstd."""

    name = "ccache"

    def __init__(self, work, program):
        super().__init__(work)
        self.launcher = str(program)
        words = self._run("--version").split()
        self.title = f"ccache {words[2]}"
        (self.work / "config").touch()
        self.environment |= {
            "CCACHE_DIR": str(self.work / "cache"),
            "CCACHE_CONFIGPATH": str(self.work / "config"),
        }

    def _run(self, *words):
        return subprocess.run(
            [self.launcher, *words], env=self.environment, capture_output=True, text=True,
            check=True, timeout=60).stdout

    def command(self, *words):
        return [self.launcher, *words]

    def reset(self):
        shutil.rmtree(self.work / "cache", ignore_errors=True)

    def hits_and_misses(self):
        counts = dict(line.split("\t") for line in self._run("--print-stats").splitlines())
        hits = int(counts["direct_cache_hit"]) + int(counts["preprocessed_cache_hit"])
        return hits, int(counts["cache_miss"])


class Sccache(Plain):
    """Ours or Mozilla's: the same command line, each with a daemon, socket and cache of its own."""

    def __init__(self, work, program, name, title):
        self.name = name
        super().__init__(work)
        self.launcher = str(program)
        self.title = title
        self.socket = self.work / "socket"
        (self.work / "config").touch()
        self.environment |= {
            "SCCACHE_DIR": str(self.work / "cache"),
            "SCCACHE_CONF": str(self.work / "config"),
            "SCCACHE_SERVER_UDS": str(self.socket),
            "SCCACHE_IDLE_TIMEOUT": "0",
        }
        self.pid = None

    def _run(self, *words, check=True):
        return subprocess.run(
            [self.launcher, *words], env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, check=check, timeout=120).stdout

    def command(self, *words):
        return [self.launcher, *words]

    def reset(self):
        self.stop()
        shutil.rmtree(self.work / "cache", ignore_errors=True)
        self.start()

    def start(self):
        self._run("--start-server")
        self.pid = socket_owner(self.socket)

    def report(self):
        return json.loads(self._run("--show-stats", "--stats-format", "json"))

    def statistics(self):
        return self.report()["stats"]

    def hits_and_misses(self):
        stats = self.statistics()
        return (sum(stats["cache_hits"]["counts"].values()),
                sum(stats["cache_misses"]["counts"].values()))

    def settle(self):
        for _ in range(200):
            stats = self.statistics()
            stored = stats["cache_writes"] + stats["cache_write_errors"]
            declined = stats["non_cacheable_compilations"]
            if stored + declined >= sum(stats["cache_misses"]["counts"].values()):
                return
            time.sleep(0.05)

    def daemon_cpu(self):
        if self.pid is None:
            return 0.0
        # The command's name may hold spaces and brackets; the fields begin after the last one.
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        own, children = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
        return (own + children) / TICKS

    def daemon_peak(self):
        if self.pid is None:
            return 0
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0

    def stop(self):
        """Only ever the daemon that owns this candidate's own socket."""
        if self.pid is None:
            return
        try:
            self._run("--stop-server", check=False)
        except subprocess.TimeoutExpired:
            # As where its jobs wait for a farm that is stuck: it is ended below.
            pass
        for _ in range(100):
            if not pathlib.Path(f"/proc/{self.pid}").exists():
                break
            time.sleep(0.1)
        else:
            os.kill(self.pid, 9)
        self.pid = None
        self.socket.unlink(missing_ok=True)


def socket_owner(path):
    """The process that listens on a Unix socket."""
    inode = None
    for line in pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        # Flags 00010000: it listens.
        if len(fields) > 7 and fields[7] == str(path) and fields[3] == "00010000":
            inode = fields[6]
    if inode is None:
        raise RuntimeError(f"nobody listens on {path}")
    for process in pathlib.Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            for descriptor in (process / "fd").iterdir():
                if os.readlink(descriptor) == f"socket:[{inode}]":
                    return int(process.name)
        except OSError:
            continue
    raise RuntimeError(f"can't find the process that owns {path}")
