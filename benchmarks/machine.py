"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path
from statistics import median

from benchmarks.bare import CORES

ROOT = Path(__file__).resolve().parent.parent
BUSY = 0.5
"""A load per core above which wall times tell little."""


def facts(folder: Path) -> dict[str, str]:
    return {
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "cpu": _cpu_model(),
        "cores": str(CORES),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "disk": f"{_file_system(folder)}, fsync {fsync_ms(folder):.2f} ms, a new file {new_file_ms(folder):.3f} ms",
        "load": load(),
        "commit": _commit(),
    }


def load() -> str:
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def is_busy() -> bool:
    return os.getloadavg()[0] > BUSY * CORES


def fsync_ms(folder: Path, count: int = 20) -> float:
    """Of a small file, as each save of a ticket does it."""
    file = folder / "fsync"
    times = []
    for _ in range(count):
        with file.open("wb") as stream:
            stream.write(b"x" * 1000)
            stream.flush()
            began = time.perf_counter()
            os.fsync(stream.fileno())
            times.append(time.perf_counter() - began)
    file.unlink()
    return median(times) * 1e3


def new_file_ms(folder: Path, count: int = 100) -> float:
    """An attempt makes ten. On ext4 it takes many times as long for some minutes after many files were deleted."""
    inside = folder / "files"
    inside.mkdir()
    began = time.perf_counter()
    for i in range(count):
        (inside / str(i)).touch()
    return (time.perf_counter() - began) / count * 1e3


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return names[0] if names else platform.machine()


def _file_system(folder: Path) -> str:
    """The type of the longest mount point above it."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return "an unknown file system"
    above = [fields for fields in mounts if folder.resolve().is_relative_to(fields[1])]
    return max(above, key=lambda fields: len(fields[1]))[2] if above else "an unknown file system"


def _commit() -> str:
    argv = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
