"""Runs commands under driver.c and reads its samples."""

import dataclasses
import pathlib
import statistics
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Command:
    """One command of one candidate."""

    name: str
    arguments: list
    environment: dict
    directory: str
    output: str = ""

    def lines(self):
        yield f"name {self.name}"
        yield f"cwd {self.directory}"
        if self.output:
            yield f"output {self.output}"
        for argument in self.arguments:
            yield f"arg {argument}"
        for key, value in self.environment.items():
            if "\n" not in value:
                yield f"env {key}={value}"


@dataclasses.dataclass
class Samples:
    """The runs of one command, in order; times in seconds."""

    wall: list
    cpu: list
    failures: int = 0

    def summary(self):
        ordered = sorted(self.wall)
        return {
            "runs": len(self.wall),
            "failures": self.failures,
            "median": statistics.median(ordered),
            "p10": ordered[len(ordered) // 10],
            "p90": ordered[len(ordered) * 9 // 10],
            "cpu": statistics.fmean(self.cpu),
        }


class Driver:
    """The compiled driver and the static program that does nothing."""

    def __init__(self, work):
        self.work = pathlib.Path(work)
        self.program = self.work / "driver"
        self.nothing = self.work / "nothing"
        compile_c(HERE / "driver.c", self.program)
        compile_c(HERE / "nothing.c", self.nothing, "-static")

    def alternate(self, commands, rounds, seconds):
        """Runs the commands in turn; gives the samples of each by name."""
        lines = self._run(commands, seconds + 120, "alternate", str(rounds), str(seconds))
        return parse(line for line in lines if not line.startswith("total"))

    def burst(self, commands, seconds):
        """Runs all at once; gives the seconds it took and each one's samples."""
        lines = self._run(commands, seconds, "burst")
        total = next(line for line in lines if line.startswith("total"))
        samples = parse(line for line in lines if not line.startswith("total"))
        return int(total.split()[1]) / 1e9, samples

    def _run(self, commands, timeout, *arguments):
        specification = self.work / "commands"
        specification.write_text(
            "".join(line + "\n" for command in commands for line in command.lines()))
        with subprocess.Popen(
                [self.program, *arguments, specification], stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
            try:
                output, errors = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        if process.returncode != 0:
            raise RuntimeError(f"driver: {errors[-2000:]}")
        if errors:
            print(errors[-2000:], flush=True)
        return output.splitlines()


def compile_c(source, program, *options):
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", *options, "-o", program, source], check=True)


def parse(lines):
    result = {}
    for line in lines:
        name, _, wall, user, system, failed = line.split()
        samples = result.setdefault(name, Samples([], []))
        samples.wall.append(int(wall) / 1e9)
        samples.cpu.append((int(user) + int(system)) / 1e9)
        samples.failures += int(failed)
    return result


def paired_ratio(left, right):
    """The median of left / right over the rounds: what disturbs one round disturbs both."""
    return statistics.median(a / b for a, b in zip(left.wall, right.wall))
