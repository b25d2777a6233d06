"""Throughput of ``add(engine="ray")`` with one worker and with more, on this machine.

    python benchmarks/scale/on_ray.py FOLDER [--workers 1 2] [--rounds 2] [--files 60] [--ocr on]

Each measurement is a process of its own with a Ray of so many processors. The workers have loaded their models by a
first ``add`` of a few files; then the rest of the folder is added to a new knowledge base and timed. Rounds alternate,
so that a busy machine troubles all alike; its load is printed beside each.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_WARM_FILES = 3  # a worker


def measure(folder: Path, workers: int, ocr: str) -> dict[str, float]:
    """Add a folder with so many workers and return what it took."""
    import ray

    from xmrag_plugin import CrossModalIndex

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with tempfile.TemporaryDirectory() as name:
        warm, rest = Path(name) / "warm", Path(name) / "rest"
        for place, chosen in (
            (warm, files[: _WARM_FILES * workers]),
            (rest, files[_WARM_FILES * workers :]),
        ):
            place.mkdir()
            for path in chosen:
                shutil.copy(path, place)
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level="error")
        with CrossModalIndex(Path(name) / "kb-warm", ocr=ocr) as index:
            index.add(warm, engine="ray", progress=False)
        with CrossModalIndex(Path(name) / "kb", ocr=ocr) as index:
            index.encoder("text")
            load, started = os.getloadavg()[0], time.perf_counter()
            report = index.add(rest, engine="ray", progress=False)
            spent = time.perf_counter() - started
        ray.shutdown()
    own = ("parse", "embed", "commit", "calibrate", "scan", "recover")
    return {
        "workers": workers,
        "files": len(report.added),
        "failed": len(report.failed),
        "seconds": spent,
        "files_a_second": len(report.added) / spent,
        "written_s": sum(report.seconds.get(stage, 0.0) for stage in own),
        "load": load,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--ocr", default="on")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.folder, args.one, args.ocr)))
        return
    rates: dict[int, list[float]] = {workers: [] for workers in args.workers}
    print(f"{'workers':>7} {'files':>6} {'seconds':>8} {'files/s':>8} {'written s':>9} {'load':>6}")
    with tempfile.TemporaryDirectory() as name:
        for path in sorted(path for path in args.folder.rglob("*") if path.is_file())[: args.files]:
            shutil.copy(path, name)
        for _ in range(args.rounds):
            for workers in args.workers:
                done = subprocess.run(
                    [sys.executable, __file__, name, "--one", str(workers), "--ocr", args.ocr],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode:
                    sys.exit(done.stderr)
                found = json.loads(done.stdout.splitlines()[-1])
                rates[workers].append(found["files_a_second"])
                print(
                    f"{workers:7} {found['files']:6} {found['seconds']:8.1f} {found['files_a_second']:8.2f} "
                    f"{found['written_s']:9.1f} {found['load']:6.1f}",
                    flush=True,
                )
    means = {workers: sum(rate) / len(rate) for workers, rate in rates.items()}
    least = min(means)
    for workers, mean in means.items():
        print(f"{workers} workers: {mean / means[least]:.2f} times {least}")


if __name__ == "__main__":
    main()
