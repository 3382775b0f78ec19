"""Servers of stores on this machine, each with what tells a cache to use it, and the caches that do."""

import os
import pathlib
import shutil
import subprocess

from .candidates import Ccache, Sccache, base_environment
from .processes import NotReady, Process, free_port, is_listening, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class Server:
    """A store's server: started where its directory is, ended with stop()."""

    # Who has a backend for it.
    names = ("ours", "ccache", "mozilla")

    def __init__(self, work):
        self.work = pathlib.Path(work)
        self.work.mkdir(parents=True)
        self.port = free_port()
        self.prepare()
        self.start()

    def prepare(self):
        """What its directory needs before it is started for the first time."""

    def start(self):
        """Once more with what it keeps, when it was killed."""
        self.process = Process(self.words(), base_environment(), self.work / "log")
        try:
            wait_until(self.title, 30, self.is_ready, [self.process])
        except NotReady:
            self.process.stop()
            raise

    def is_ready(self):
        return is_listening(self.port)

    def keep(self):
        """Writes down what it has: start() finds it there."""

    def stop(self):
        self.process.stop()
        shutil.rmtree(self.work, ignore_errors=True)


class Nginx(Server):
    """nginx with WebDAV. Mozilla's asks for directories with PROPFIND, which is a module of its own."""

    title = "nginx"

    def prepare(self):
        places = "".join(
            f"{name}_temp_path {self.work}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.work / "root").mkdir()
        (self.work / "nginx.conf").write_text(
            f"load_module {dav_extension()};\n"
            f"daemon off; master_process off; pid {self.work}/pid; error_log stderr;\n"
            "events { worker_connections 1024; }\n"
            f"http {{ access_log off; {places}\n"
            f"  server {{ listen 127.0.0.1:{self.port}; root {self.work}/root; client_max_body_size 0;\n"
            "    location / { dav_methods PUT DELETE MKCOL; dav_ext_methods PROPFIND OPTIONS;\n"
            "      create_full_put_path on; }\n"
            "  }\n}\n")

    def words(self):
        return [shutil.which("nginx", path=SEARCH_PATH), "-c", self.work / "nginx.conf"]

    def settings(self, name, port):
        """The environment of a cache that reaches the server at the port."""
        address = f"http://127.0.0.1:{port}"
        if name == "ccache":
            return {"CCACHE_REMOTE_STORAGE": f"{address}/{name}", "CCACHE_REMOTE_ONLY": "true"}
        return {"SCCACHE_WEBDAV_ENDPOINT": address, "SCCACHE_WEBDAV_KEY_PREFIX": name}


def dav_extension():
    for directory in ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules"):
        path = pathlib.Path(directory, "ngx_http_dav_ext_module.so")
        if path.exists():
            return path
    raise NotReady("nginx has no ngx_http_dav_ext_module.so")


class Redis(Server):
    title = "Redis"

    def words(self):
        return [shutil.which("redis-server"), "--bind", "127.0.0.1", "--port", self.port, "--dir", self.work,
                "--save", ""]

    def keep(self):
        subprocess.run(["redis-cli", "-p", str(self.port), "save"], stdout=subprocess.DEVNULL, check=True,
                       timeout=60)

    def settings(self, name, port):
        address = f"redis://127.0.0.1:{port}"
        if name == "ccache":
            return {"CCACHE_REMOTE_STORAGE": address, "CCACHE_REMOTE_ONLY": "true"}
        return {"SCCACHE_REDIS_ENDPOINT": address, "SCCACHE_REDIS_KEY_PREFIX": name}


class S3(Server):
    """moto, which checks signatures, as the tests start it."""

    title = "S3 (moto)"
    names = ("ours", "mozilla")

    def words(self):
        return [ROOT / ".build/services/moto/bin/python",
                ROOT / "Tests/StoreServers/Stubs/s3-moto.py", self.port, self.work]

    def is_ready(self):
        return (self.work / "ready").exists()

    def settings(self, name, port):
        key, secret, _ = (self.work / "ready").read_text().splitlines()
        return {
            "SCCACHE_BUCKET": "cache", "SCCACHE_REGION": "eu-west-1", "SCCACHE_S3_KEY_PREFIX": name,
            "SCCACHE_ENDPOINT": f"http://127.0.0.1:{port}", "SCCACHE_S3_USE_SSL": "false",
            "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}


class NearSccache(Sccache):
    """Ours with its disk: keeps its cache when it starts over."""

    def reset(self):
        self.stop()
        self.start()


class Callers:
    """A cache of each maker in a directory of its own, none of them with results on the disk."""

    def __init__(self, work, programs, peers, names):
        made = {
            "ours": lambda: Sccache(work, programs / "sccache", "ours", "this sccache"),
            "ccache": lambda: Ccache(work, peers / "ccache"),
            "mozilla": lambda: Sccache(work, peers / "sccache", "mozilla", "Mozilla's sccache 0.16.0"),
            "disk": lambda: NearSccache(work, programs / "sccache", "disk", "this sccache, its disk"),
        }
        self.candidates = {name: made[name]() for name in names}
        self.plain_environments = {name: c.environment for name, c in self.candidates.items()}

    def cached(self):
        return list(self.candidates.values())

    def use(self, server, port):
        """Starts them all over, as on a machine that knows nothing but the server at the port."""
        for name, candidate in self.candidates.items():
            candidate.stop()
            environment = self.plain_environments[name]
            if name != "disk":
                environment = environment | server.settings(name, port)
            candidate.environment = environment
            candidate.reset()

    def stop(self):
        for candidate in self.cached():
            candidate.stop()
