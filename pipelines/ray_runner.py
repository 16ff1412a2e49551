"""Extraction on a Ray cluster: chunks of reports go out and come back as Parquet files, through Ray Data."""

import logging
import os
import re
import socket
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from ..schemas import BackendError, ConfigError, Report
from .backends import ExtractorSpec
from .cluster import ClusterOptions
from .ray_reader import ChunkReader
from .spool import Spool
from .store import text_hash
from .workers import Answer

_TOLD_BY_A_NODE = re.compile(r"(?:BackendError|ConfigError): (node .+)")
_KNOCK_S = 10.0
_MOST_BLOCKS = 10_000  # Ray Data keeps an account of each


class RayRunner:
    """Extracts on the nodes of a cluster; a `Runner`.

    All reports are written to the shared folder first. Each chunk's answers are a file there, whole or not there, so
    that a worker, a node or this process may be killed at any moment: a chunk without its file is read again, and this
    process alone writes into the database.

    Args:
        spec: how a worker builds its extractor.
        cluster: where.
        run_id: that a worker's extractor must have too.
        timeout_s: per report.

    Raises:
        ConfigError: Ray is not installed.
        BackendError: there is no such cluster.
    """

    def __init__(self, spec: ExtractorSpec, cluster: ClusterOptions, run_id: str, timeout_s: float) -> None:
        self._spec, self._cluster, self._run_id, self._timeout_s = spec, cluster, run_id, timeout_s
        self._spool = Spool(cluster.folder.resolve(), run_id)
        self._answered: list[str] = []
        self._open: set[str] = set()
        self._ray = _connected(cluster.address)

    def run(self, reports: Iterable[Report]) -> Generator[Answer]:
        leftovers = self._spool.leftovers()
        self._spool.start()
        early: list[Answer] = []

        def fresh() -> Iterator[Report]:
            for report in reports:
                rows = leftovers.pop((report.report_id, text_hash(report.text)), None)
                if rows is None:
                    yield report
                else:
                    early.append((report, rows))

        chunks = self._spool.write_todo(fresh())
        self._open = set(chunks)
        yield from early
        early.clear()
        if chunks:
            for name in self._read(chunks):
                yield from self._spool.answers(name)
                self._answered.append(name)

    def committed(self) -> None:
        for name in self._answered:
            self._spool.forget(name)
        self._open.difference_update(self._answered)
        self._answered.clear()
        if not self._open:
            self._spool.remove()

    def close(self) -> None:
        self._ray.shutdown()

    def _read(self, chunks: list[str]) -> Iterator[str]:
        """The chunks' names, each as soon as its answers are there."""
        from ray.data import ActorPoolStrategy, DataContext, from_items

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = DataContext.get_current()
        context.enable_progress_bars = False
        workers = self._cluster.workers or self._slots()
        readers = from_items([{"name": name} for name in chunks], override_num_blocks=min(len(chunks), _MOST_BLOCKS))
        answered = readers.map_batches(
            ChunkReader,
            fn_constructor_args=(self._spec, self._spool.folder, self._run_id, self._timeout_s),
            batch_size=1,
            compute=ActorPoolStrategy(min_size=1, max_size=min(workers, len(chunks))),
            num_cpus=1,
            num_gpus=1 if self._in_process() and self._gpus() else 0,
        )
        try:
            for row in answered.iter_rows():
                yield row["name"]
        except self._ray.exceptions.RayError as error:
            told = _TOLD_BY_A_NODE.search(str(error))  # an actor that cannot start passes its exception on as text
            what = told.group(1) if told else f"reading ended with {type(error).__name__} vs answers from every node."
            raise BackendError(
                f"cluster: {what} What was committed before is kept; the same command goes on from there."
            ) from error

    def _slots(self) -> int:
        resources = self._ray.cluster_resources()
        return max(1, int(resources.get("GPU" if self._in_process() and self._gpus() else "CPU", 1)))

    def _in_process(self) -> bool:
        return self._spec.backend == "transformers"

    def _gpus(self) -> int:
        return int(self._ray.cluster_resources().get("GPU", 0))


def _connected(address: str | None) -> Any:
    if address is not None and address.startswith("ray://"):
        raise ConfigError(
            f"--address: {address} vs HOST:PORT or auto. Ray Data works inside the cluster, not through a Ray client. "
            "Run the command on a node, or submit it with `ray job submit`."
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the house
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ConfigError(
            "--engine ray: Ray is not installed vs installed. Run `pip install 'reportsup[ray]'`, on every node."
        ) from error
    try:
        _knock(address)
        ray.init(address or "local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # of whatever class: Ray raises plain exceptions too, when its start takes too long
        where = f"none answers at {address}" if address else "none starts on this machine in time"
        raise BackendError(
            f"cluster: {where} ({type(error).__name__}) vs a running one of the same Ray and Python. Start it with "
            "`ray start --head` and name it with --address, or leave --engine ray out."
        ) from error
    return ray


def _knock(address: str | None) -> None:
    """Nothing, if somebody listens at HOST:PORT: Ray itself tries for twenty minutes.

    Raises:
        OSError: nobody does, or the address is none.
    """
    host, colon, port = (address or "").rpartition(":")
    if colon:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S):
            pass
