"""Connect to Ray, quietly: one of this run's own on this machine, or a cluster that runs."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import ClusterError, UsageError, require
from ...settings import Settings
from .stages import Facts, Plan, facts_here

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Cluster", "check_nodes", "connect", "shared_folders"]

_QUIET = ("ray", "ray.data", "ray.train", "ray.tune")
_USAGE = "RAY_USAGE_STATS_ENABLED"
_START = "Start it with `ray start --head`, or leave the address out to use this machine alone."
_CONNECT_S = 10
_CHECK_S = 120  # a node that has to start a process and import the package


@dataclass(slots=True)
class Cluster:
    """A Ray that is connected to.

    Attributes:
        ray: The package.
        is_own: Whether this run has started it, and ends it.
        here: Id of the node that this process runs on.
        nodes: Ids of the nodes that work can be given to.
        cpus: Processors in all.
        gpus: GPUs in all.
    """

    ray: ModuleType
    is_own: bool
    here: str
    nodes: list[str]
    cpus: float
    gpus: float

    def close(self) -> None:
        """Leave it, and end it if it is this run's own."""
        if self.is_own:
            self.ray.shutdown()


def shared_folders(settings: Settings) -> tuple[str, ...]:
    """Return the folders that every node sees under the same path, absolute."""
    named = [folder for folder in settings.ray_shared.split(os.pathsep) if folder]
    return tuple(os.path.abspath(os.path.expanduser(folder)) for folder in named)


def connect(settings: Settings, workers: int) -> Cluster:
    """Connect to the Ray that the settings name.

    Without an address that is the one that ``RAY_ADDRESS`` names (as within a Ray job), else one that is started
    on this machine for this run. A process that is connected already stays so. No usage is reported, and no
    dashboard is started.

    Args:
        settings: ``ray_address``.
        workers: Processes of a Ray that is started.

    Raises:
        MissingExtra: If Ray is not installed.
        UsageError: For an address through which this cannot work.
        ClusterError: If it cannot be reached.
    """
    address = settings.ray_address or os.environ.get("RAY_ADDRESS", "") or "local"
    if "://" in address:
        raise UsageError(
            f"Files cannot be added through {address!r}: with Ray Client this process runs on no node of the "
            "cluster, so that none sees its files.",
            hint="Run xmrag on a node of the cluster, with --ray auto or --ray HOST:PORT; or submit it as a Ray job.",
        )
    is_ours = address == "local"
    if not is_ours and address != "auto":
        _look_for(address)
    ray = _quiet_ray()
    if ray.is_initialized():
        is_ours = False
    else:
        chosen: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False} if is_ours else {}
        try:
            with _without_usage_report():
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **chosen)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise ClusterError(
                f"Ray at {address!r} cannot be used: {str(error).splitlines()[0] if str(error) else error!r}",
                hint=_START,
            ) from error
    nodes = [
        node["NodeID"]
        for node in ray.nodes()
        if node["Alive"] and (node["Resources"].get("CPU") or node["Resources"].get("GPU"))
    ]
    resources = ray.cluster_resources()
    here = ray.get_runtime_context().get_node_id()
    return Cluster(ray, is_ours, here, nodes, resources.get("CPU", 1.0), resources.get("GPU", 0.0))


def _look_for(address: str) -> None:
    """Look whether anything answers at an address: Ray itself would try for minutes.

    Raises:
        UsageError: If it is no address.
        ClusterError: If nothing does.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise UsageError(f"{address!r} is no address of Ray.", hint="Give auto, local or HOST:PORT.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(f"There is no Ray at {address}: {error}.", hint=_START) from error


def _quiet_ray() -> ModuleType:
    """Import Ray and Ray Data with nothing to be said of themselves."""
    ray = require("ray", "ray", purpose="Adding on Ray")
    require("ray.data", "ray", purpose="Adding on Ray")
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    return ray


@contextmanager
def _without_usage_report() -> Iterator[None]:
    """Have a Ray that is started report no usage; the variable is given back then."""
    before = os.environ.get(_USAGE)
    os.environ[_USAGE] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_USAGE]
        else:
            os.environ[_USAGE] = before


def check_nodes(cluster: Cluster, plan: Plan) -> None:
    """Look whether every node has what this one has, so that all make the same nodes.

    Raises:
        ClusterError: If one lacks the package or a shared folder, or has another version of something.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ray, others = cluster.ray, [node for node in cluster.nodes if node != cluster.here]
    if not others:
        return
    wanted = facts_here(plan)
    ask = ray.remote(facts_here)
    asked = {
        node: ask.options(
            num_cpus=0, max_retries=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)
        ).remote(plan)
        for node in others
    }
    names = {node["NodeID"]: node["NodeManagerHostname"] for node in ray.nodes()}
    for node, answer in asked.items():
        try:
            found: Facts = ray.get(answer, timeout=_CHECK_S)
        except ray.exceptions.RayError as error:
            raise ClusterError(
                f"The node {names[node]} of the Ray cluster cannot run xmrag: {str(error).splitlines()[-1]}",
                hint="Install the same xmrag-plugin, with the same extras, on every node.",
            ) from error
        for what, here in wanted.items():
            if found.get(what) != here:
                raise ClusterError(
                    f"The node {names[node]} of the Ray cluster has {found.get(what) or 'nothing'} for {what}, "
                    f"this one {here or 'nothing'}.",
                    hint="Give every node the same versions, models and mounts, or take the node out of the cluster.",
                )
