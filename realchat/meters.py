"""Where what Prometheus is told is counted: in this process, or in files that workers share.

Several workers of one machine each count in files of their own in one folder
(prometheus-client's multiprocess mode), and each of them can tell of all. The
files of a worker that ended stay, so that its counts do; what it had open goes.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

# The library reads it when it is imported, and counts in files if it is set.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# Bytes for all numbers of a process, 8 each.
_PAGE = 4096
# Names the file of a worker, by its process id, whose measures are all made.
_MADE = "made"


class Numbers:
    """So many whole numbers of this process, which only one thread changes: no lock, no call.

    `own` are this process's; where there are several, they outlive it in a file.
    """

    def __init__(self, name: str, count: int) -> None:
        self._name, self._count = name, count
        folder = os.environ.get(FOLDER_VARIABLE)
        self._folder = Path(folder) if folder else None
        self.own = memoryview(self._room()).cast("Q")

    def totals(self) -> list[int]:
        """Return the sums over all processes, those that ended too."""
        if self._folder is None:
            return self.own[: self._count].tolist()
        files = filter(_is_begun, self._folder.glob(f"{self._name}.*"))
        views = [memoryview(path.read_bytes()).cast("Q") for path in files]
        return [sum(view[place] for view in views) for place in range(self._count)]

    def _room(self) -> bytearray | mmap.mmap:
        if self._folder is None:
            return bytearray(_PAGE)
        # Not emptied: one that ended may have had the same process id.
        with (self._folder / f"{self._name}.{os.getpid()}").open("a+b") as file:
            file.truncate(_PAGE)
            return mmap.mmap(file.fileno(), _PAGE)


class _Files(MultiProcessCollector):
    """The library's, which would read what a worker is just making.

    Its files are empty at first, of which the library fails, and its gauges 0, which
    says that Redis is away.
    """

    def collect(self) -> Iterable[Metric]:
        """Yield the measures of all that have made theirs."""
        files = [str(path) for path in Path(self._path).glob("*.db") if _is_made(path)]
        merged: Iterable[Metric] = self.merge(files)  # type: ignore[no-untyped-call]  # the library's
        return merged


class Processes(Collector):
    """What the kernel says of each worker that lives: memory, time, open files."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def collect(self) -> Iterator[Metric]:
        """Yield the measures of all, each labelled with its `worker`, a process id."""
        families: dict[str, Metric] = {}
        for pid in sorted(self._living()):
            for family in ProcessCollector(pid=partial(str, pid), registry=None).collect():
                kept = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                kept.samples += [_label(sample, pid) for sample in family.samples]
        yield from families.values()

    def _living(self) -> list[str]:
        # The parent removes the gauges of those that ended.
        return [path.stem.rpartition("_")[2] for path in self._folder.glob("gauge_livesum_*.db")]


def whole_registry(*own: Collector) -> CollectorRegistry:
    """Return what tells of all workers, `own` collectors among it; alone, of this process.

    It is for when all measures of this process are made: the others tell of them from now on.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        for each in own:
            REGISTRY.register(each)
        return REGISTRY
    (Path(folder) / f"{_MADE}.{os.getpid()}").touch()
    registry = CollectorRegistry()
    _Files(registry, folder)  # type: ignore[no-untyped-call]  # the library's
    for each in (*own, Processes(folder)):
        registry.register(each)
    return registry


def _is_begun(path: Path) -> bool:
    return path.stat().st_size > 0


def _is_made(path: Path) -> bool:
    return path.with_name(f"{_MADE}.{path.stem.rpartition('_')[2]}").exists()


def _label(sample: Sample, pid: str) -> Sample:
    return sample._replace(labels={**sample.labels, "worker": pid})
