"""Farms on this machine: ours and Mozilla's, which are configured alike, and icecream's."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess

from .candidates import TICKS, Sccache, base_environment
from .driver import compile_c
from .processes import Process, free_port, is_listening, wait_until

HERE = pathlib.Path(__file__).resolve().parent

class Tools:
    """What is compiled for farms: see the sources."""

    def __init__(self, work):
        self.processors = work / "processors.so"
        self.reaper = work / "reaper"
        compile_c(HERE / "processors.c", self.processors, "-shared", "-fPIC")
        # Static, so that what is preloaded is for the server.
        compile_c(HERE / "reaper.c", self.reaper, "-static")


# A scheduler gives N processors N + 1 + N / 8 jobs.
SLOTS = 8
PROCESSORS = 7


def processes_below(roots):
    """These processes and all that descend from them, as far as they run."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = stat_fields(int(entry))
            if fields:
                parents.setdefault(int(fields[1]), []).append(int(entry))
    found, waiting = set(), list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += parents.get(pid, [])
    return found


def stat_fields(pid):
    """From the state on; the command's name before it may hold spaces and brackets."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def tree_cpu(roots):
    """Seconds of processor time of these processes, of what descends from them, and of what they waited
    for."""
    total = 0
    for pid in processes_below(roots):
        fields = stat_fields(pid)
        if fields:
            total += sum(map(int, fields[11:15]))
    return total / TICKS


class FarmClient(Sccache):
    """The caching client of a farm; every call compiles anew."""

    def __init__(self, work, program, name, title, configuration):
        super().__init__(work, program, name, title)
        (self.work / "config").write_text(configuration)
        self.environment["SCCACHE_RECACHE"] = "1"

    def distributed(self):
        return sum(self.statistics().get("dist_compiles", {}).values())

    def reasons_against(self):
        """How often which reason kept a compilation here; empty where the program does not tell."""
        return self.report().get("extra", {}).get("not_on_farm", {})


class Farm:
    """The parts of a farm: each has a pid and ends with stop()."""

    def __init__(self):
        self.scheduler, self.servers, self.client = None, [], None

    def cpu(self):
        """Seconds of processor time by role; what a wrapper takes is its caller's to count."""
        return {"client": tree_cpu([self.client.pid]), "scheduler": tree_cpu([self.scheduler.pid]),
                "server": tree_cpu([server.pid for server in self.servers])}

    def stop(self):
        for part in [self.client, *self.servers, self.scheduler]:
            if part:
                part.stop()


class SccacheFarm(Farm):
    """A scheduler, build servers and a client, all of one maker."""

    def __init__(self, work, name, title, programs, environment=None):
        super().__init__()
        self.name, self.title = name, title
        self.work = pathlib.Path(work) / f"farm-{name}"
        self.work.mkdir()
        self.work.chmod(0o711)
        self.program = programs / "sccache-dist"
        self.client_program = programs / "sccache"
        self.key = secrets.token_bytes(32)
        self.token = secrets.token_hex(16)
        self.environment = base_environment() | {
            "SCCACHE_NO_DAEMON": "1", "SCCACHE_LOG": "warn"} | (environment or {})
        self.port = free_port()

    def start_scheduler(self):
        path = self.work / "scheduler.toml"
        path.write_text(
            f'public_addr = "127.0.0.1:{self.port}"\n'
            f'[client_auth]\ntype = "token"\ntoken = "{self.token}"\n'
            f'[server_auth]\ntype = "jwt_hs256"\nsecret_key = "{text64(self.key)}"\n')
        self.scheduler = Process([self.program, "scheduler", "--config", path], self.environment,
                                 self.work / "scheduler.log")
        wait_until(f"the scheduler of {self.title}", 30, lambda: is_listening(self.port),
                   [self.scheduler])

    def start_servers(self, count, tools, relay=None):
        """Adds servers until there are so many.

        tools: what the server runs in.
        relay: counts the bytes to the only server.
        """
        while len(self.servers) < count:
            number = len(self.servers) + 1
            port, place = free_port(), self.work / f"server-{number}"
            place.mkdir()
            # The sandboxes' users go through.
            place.chmod(0o711)
            bind = ""
            if relay:
                bind = f'bind_address = "127.0.0.1:{port}"\n'
                port = relay.listen(port)
            path = self.work / f"server-{number}.toml"
            path.write_text(
                f'cache_dir = "{place}/cache"\npublic_addr = "127.0.0.1:{port}"\n{bind}'
                f'scheduler_url = "http://127.0.0.1:{self.port}"\n{self.server_keys(number)}'
                f'[builder]\ntype = "overlay"\nbuild_dir = "{place}/build"\n'
                f'bwrap_path = "{shutil.which("bwrap")}"\n'
                f'[scheduler_auth]\ntype = "jwt_token"\ntoken = "{self.server_token(port)}"\n')
            environment = self.environment | {
                "LD_PRELOAD": str(tools.processors),
                "BENCH_PROCESSORS": str(PROCESSORS)}
            self.servers.append(Process([tools.reaper, self.program, "server", "--config", path], environment,
                                        self.work / f"server-{number}.log"))
        wait_until(f"the servers of {self.title}", 120, lambda: self.known_servers() == count,
                   [self.scheduler, *self.servers])

    def server_keys(self, number):
        """What only one of the makers knows."""
        return ""

    def server_token(self, port):
        head = text64(b'{"typ":"JWT","alg":"HS256"}')
        claims = text64(f'{{"exp":0,"server_id":"127.0.0.1:{port}"}}'.encode())
        code = hmac.new(self.key, f"{head}.{claims}".encode(), hashlib.sha256).digest()
        return f"{head}.{claims}.{text64(code)}"

    def start_client(self, relay=None):
        """relay: counts the bytes to the scheduler."""
        port = relay.listen(self.port) if relay else self.port
        self.client = FarmClient(
            self.work, self.client_program, "client", self.title,
            f'[dist]\nscheduler_url = "http://127.0.0.1:{port}"\n'
            f'cache_dir = "{self.work}/toolchains"\n'
            f'[dist.auth]\ntype = "token"\ntoken = "{self.token}"\n')
        self.client.reset()

    def known_servers(self):
        text = subprocess.run(
            [self.client_program, "--dist-status"], stdout=subprocess.PIPE, text=True, timeout=60,
            stderr=subprocess.DEVNULL, env=self.status_environment()).stdout
        try:
            return json.loads(text)["SchedulerStatus"][1]["num_servers"]
        except (ValueError, KeyError, TypeError):
            return 0

    def status_environment(self):
        path = self.work / "status.toml"
        path.write_text(f'[dist]\nscheduler_url = "http://127.0.0.1:{self.port}"\n'
                        f'[dist.auth]\ntype = "token"\ntoken = "{self.token}"\n')
        return base_environment() | {
            "SCCACHE_CONF": str(path), "SCCACHE_SERVER_UDS": str(self.work / "status-socket"),
            "SCCACHE_DIR": str(self.work / "status-cache"), "SCCACHE_IDLE_TIMEOUT": "1"}

    # What the cases use; icecream's has the same.

    def command(self, compiler, *words):
        return self.client.command(compiler, *words)

    @property
    def call_environment(self):
        return self.client.environment

    def distributed(self):
        return self.client.distributed()


class OurFarm(SccacheFarm):
    def server_keys(self, number):
        # Two host users a slot, apart from those of other servers.
        return f"slots = {SLOTS}\nfirst_user = {1_900_000_000 + 100 * number}\n"


class Icecream(Farm):
    """icecream: Debian's icecc. Its client waits for a place; there is no cache and no sandbox but a
    chroot, and nothing is encrypted."""

    name = "icecream"
    # One line in the scheduler's log for each job that has ended.
    END = re.compile(r"END \d+ .* in=(\d+)\((\d+)%\) out=(\d+)\((\d+)%\) .* server=(\S+)")

    def __init__(self, work):
        super().__init__()
        self.work = pathlib.Path(work) / "farm-icecream"
        self.work.mkdir()
        # Its programs drop their rights.
        self.work.chmod(0o755)
        self.title = "icecream"
        self.net = f"bench{os.getpid()}"
        self.port = free_port()
        self.environment = base_environment()

    def start_scheduler(self):
        version = subprocess.run(["icecc", "--version"], capture_output=True, text=True).stdout
        self.title = " ".join(["icecream", *version.split()[1:2]])
        self.scheduler = self.start(
            "scheduler", "icecc-scheduler", ["-p", self.port, "-i", "lo"], {})
        wait_until("icecream's scheduler", 30, lambda: is_listening(self.port), [self.scheduler])

    def start(self, name, program, words, environment):
        log = self.work / f"{name}.log"
        log.touch()
        log.chmod(0o666)
        path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        process = Process([path, *words, "-n", self.net, "-u", "nobody", "-vvv", "-l", log],
                          self.environment | environment, self.work / f"{name}.output")
        process.log = log
        return process

    def start_servers(self, count, tools=None, relay=None):
        while len(self.servers) < count:
            self.servers.append(self.daemon(f"server-{len(self.servers) + 1}", SLOTS))
        self.wait_for(self.servers)

    def daemon(self, name, jobs, *words):
        place = self.work / name
        place.mkdir()
        place.chmod(0o777)
        port = free_port()
        while port in (self.port, self.port + 1):
            port = free_port()
        return self.start(
            name, "iceccd",
            ["-s", f"127.0.0.1:{self.port}", "-b", place / "env", "-N", name, "-m", jobs, "-p", port,
             *words],
            {"ICECC_TEST_SOCKET": str(place / "socket")})

    def start_client(self, relay=None):
        # It takes no job itself.
        self.client = self.daemon("client", 0, "--no-remote")
        self.wait_for([self.client])

    def wait_for(self, daemons):
        wait_until("icecream's daemons", 60, lambda: all(
            "Connected to scheduler" in daemon.log.read_text(errors="replace")
            for daemon in daemons), [self.scheduler, *daemons])

    def command(self, compiler, *words):
        return [shutil.which("icecc"), compiler, *words]

    @property
    def call_environment(self):
        return self.environment | {
            "ICECC_TEST_SOCKET": str(self.work / "client/socket"), "ICECC_TEST_REMOTEBUILD": "1"}

    def ends(self):
        """Of each job that a server has done: the bytes sent and got, compressed."""
        for line in self.scheduler.log.read_text(errors="replace").splitlines():
            match = self.END.search(line)
            if match and match[5].startswith("server-"):
                sent, sent_part, got, got_part = map(int, match.groups()[:4])
                yield sent * sent_part / 100, got * got_part / 100

    def distributed(self):
        return sum(1 for _ in self.ends())


def text64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
