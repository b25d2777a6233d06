"""The pipeline: sources into blocks, blocks through Ray Data, and back in their order."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from typing import Any

from ...errors import ClusterError, SourceMissing, XmragError
from ..read import Reading
from ..sources import Source, SourceReader, begin, is_whole, take_fingerprint
from ..write import record_spaces
from .cluster import Cluster, check_nodes, connect, shared_folders
from .stages import Block, Embed, Plan, Travelling, embed, fetch, packed, read, read_letters, unpacked

__all__ = ["RayReader"]

_BLOCK_FILES, _BLOCK_BYTES = 16, 4 << 20
_BLOCKS_A_PROCESSOR = 4  # at least, so that none waits long for the last
_MAX_BLOCKS = 2_000  # of a run as it begins; Ray keeps each in its memory
_GPU_BLOCKS = 8  # that one actor embeds together
_AT_ONCE_S = 0.05  # a block that comes as quickly was there already

_log = logging.getLogger("xmrag_plugin.ingestion")


class RayReader(SourceReader):
    """Has sources read, recognised and embedded on Ray.

    ``workers`` are the processes of a Ray that is started, and tasks at once on another, if they are named.
    """

    @cached_property
    def _whole(self) -> dict[tuple[str, str], str]:
        """The path of the first file with its bytes, by hash and recipe."""
        return {}

    def close(self) -> None:
        """Leave the cluster."""
        cluster = self.__dict__.pop("_cluster", None)
        if cluster is not None:
            cluster.close()

    @cached_property
    def _cluster(self) -> Cluster:
        return connect(self.kb.settings, self.workers)

    @cached_property
    def _plan(self) -> Plan:
        encoders = record_spaces(self.kb)
        plan = Plan(
            settings=self.kb.settings.replace(jobs=1),
            options=self.files.options,
            metadata=self.metadata,
            reads_letters=self.files.describer is not None,
            models={
                space: (self.kb.spaces[space].spec, encoder.fingerprint)
                for space, encoder in encoders.items()
            },
            shared=shared_folders(self.kb.settings),
        )
        check_nodes(self._cluster, plan)
        return plan

    def read_all(self, sources: Iterable[Source]) -> Generator[tuple[Reading, bool]]:
        """Send sources through the stages and yield them in their order."""
        readings = [begin(*source) for source in sources]
        if not readings:
            return
        asked = time.monotonic()
        most = len(readings) // (_BLOCKS_A_PROCESSOR * max(1, int(self._cluster.cpus)))
        blocks = list(_in_blocks(readings, max(1, min(_BLOCK_FILES, most))))
        with closing(self._through_ray(blocks)) as finished:  # Ray stops where the run is broken off
            for number, block in enumerate(finished):
                at_once = time.monotonic() - asked < _AT_ONCE_S
                for place, (reading, file) in enumerate(zip(blocks[number], block, strict=True)):
                    done = self._taken(reading, file)
                    self.settle(done)
                    yield done, at_once or place + 1 < len(block)
                asked = time.monotonic()

    def _taken(self, mine: Reading, file: Travelling) -> Reading:
        """Return a source as it came back, its pictures in the media store; read here what was left undone."""
        reading = file.reading
        reading.found, reading.reader = mine.found, mine.reader
        if isinstance(reading.failure, SourceMissing) and mine.found.path.is_file():
            file.undone = str(reading.failure)  # the worker's view of a shared folder lags behind
        if file.undone:
            _log.warning("%s is read by this process: %s", reading.row.source, file.undone)
            reading.failure = None
            take_fingerprint(reading)
        row = reading.row
        if reading.failure is None:
            first = self._whole.get((row.sha256, row.recipe))
            if self.is_stored(reading) or first is not None:
                reading.twin = reading.twin or first or ""
                reading.begin()
                return reading
            if file.undone:
                self.files.read(reading)
        for element in reading.elements:
            picture, clip = element.picture, element.clip
            if picture is not None and picture.media_hash in file.media:
                self.kb.media.put(file.media.pop(picture.media_hash), picture.mime)
            elif clip is not None and clip.media_hash in file.media:
                self.kb.media.put(file.media.pop(clip.media_hash), "audio/ogg")
        if is_whole(reading):
            self._whole[row.sha256, row.recipe] = row.path
        return reading

    # Ray -----------------------------------------------------------------------------------

    def _through_ray(self, blocks: Sequence[Sequence[Reading]]) -> Generator[Block]:
        """Yield blocks in their order, each once, as they come out of the pipeline.

        Raises:
            ClusterError: If Ray gives up.
        """
        ray = self._cluster.ray
        count = 0
        try:
            for row in self._pipeline(blocks).iter_rows():
                if int(row["number"]) != count:
                    break
                yield unpacked(row)
                count += 1
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, XmragError):
                raise cause from error
            raise ClusterError(
                f"Ray gave up: {str(error).strip().splitlines()[-1]}",
                hint="What was written is kept. Add the same again: it goes on from there.",
            ) from error
        if count != len(blocks):
            raise ClusterError(
                f"Ray gave back {count} of {len(blocks)} blocks in their order.",
                hint="What was written is kept. Add the same again: it goes on from there.",
            )

    def _pipeline(self, blocks: Sequence[Sequence[Reading]]) -> Any:
        """Return the data set whose rows are the finished blocks; nothing runs before they are asked for."""
        from ray import data

        plan, cluster = self._plan, self._cluster
        context = data.DataContext.get_current().copy()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        context.execution_options.preserve_order = True
        rows = [
            packed(number, [Travelling(reading) for reading in block]) for number, block in enumerate(blocks)
        ]
        tasks: dict[str, Any] = {"fn_kwargs": {"plan": plan}}
        if self.bound and not cluster.is_own:
            tasks["compute"] = data.TaskPoolStrategy(size=self.bound)
        with data.DataContext.current(context):
            pipeline: Any = data.from_items(rows, override_num_blocks=min(len(rows), _MAX_BLOCKS))
            if any(node != cluster.here for node in cluster.nodes):
                own = 1 if cluster.here in cluster.nodes else 0  # a head often has no processors to give
                here = {"ray.io/node-id": cluster.here}
                pipeline = pipeline.map(fetch, **tasks, label_selector=here, num_cpus=own)
            pipeline = pipeline.map(read, **tasks).map(read_letters, **tasks)
            if not cluster.gpus or not plan.models:
                return pipeline.map(embed, **tasks)
            share = self.kb.settings.ray_gpus
            actors = max(1, int(cluster.gpus / share))
            threads = max(1, int(cluster.cpus // actors))  # that make ready what the GPU takes
            return pipeline.map_batches(
                Embed,
                fn_constructor_args=(replace(plan, settings=plan.settings.replace(jobs=threads)),),
                batch_size=_GPU_BLOCKS,
                num_gpus=share,
                num_cpus=0,
                compute=data.ActorPoolStrategy(min_size=1, max_size=actors),
            )


def _in_blocks(readings: Sequence[Reading], most: int) -> Iterator[list[Reading]]:
    """Cut a run into blocks of at most so many files that are small beside what a worker holds."""
    block: list[Reading] = []
    size = 0
    for reading in readings:
        try:
            length = reading.found.path.stat().st_size
        except OSError:
            length = 0  # the worker says what is wrong with it
        if block and (len(block) == most or size + length > _BLOCK_BYTES):
            yield block
            block, size = [], 0
        block.append(reading)
        size += length
    if block:
        yield block
