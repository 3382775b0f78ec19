"""Programs in the background: servers that are started for a run and ended with it."""

import os
import pathlib
import signal
import socket
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class NotReady(RuntimeError):
    """A program that doesn't do what it was started for."""


class Process:
    """A program in the background, in a session of its own, with all that it starts."""

    def __init__(self, words, environment, log):
        self.log = pathlib.Path(log)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in words], env=environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        self.pid = self.process.pid

    def is_running(self):
        return self.process.poll() is None

    def said(self):
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self):
        if self.is_running():
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        # What it left in its session; the group is ours as long as it holds anybody.
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if self.is_running():
            self.process.wait(10)


def wait_until(what, seconds, condition, processes):
    deadline = time.monotonic() + seconds
    while not condition():
        dead = [process for process in processes if not process.is_running()]
        if dead or time.monotonic() > deadline:
            said = "\n".join(process.said() for process in dead or processes)
            raise NotReady(f"{what}: not ready after {seconds} s, or ended; it said:\n{said}")
        time.sleep(0.05)


def is_listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
