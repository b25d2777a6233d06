"""A knowledge base on servers: its stores, and how several writers share them.

Writers are counted by a lock that Postgres holds for their connections. They write beside each other, each source
in one transaction; what bears no one else (clearing up after a kill, fitting, removing media) is done by one who
finds himself alone, at the end of each change if others let him. Who loses his connection, and his lock with
it, makes the step that he was amid again: somebody else may have cleared it up.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from ...errors import KnowledgeBaseLocked, KnowledgeBaseMissing, ServerUnreachable, UsageError, VectorsDamaged
from ...types import kinds_in
from ..catalog import MAKING
from ..chroma.client import ChromaClient
from ..chroma.folder import Tenancy
from ..chroma.server import ChromaServer
from ..knowledge_base import KnowledgeBase
from ..manifest import Manifest
from ..media_store import MediaStore
from ..writers import in_turn
from .address import Address, headers_of
from .catalog import ServedCatalog
from .postgres import Postgres

if TYPE_CHECKING:
    from ...encoders import Encoder
    from ...settings import Settings
    from ..chroma.collections import ChromaCollections

__all__ = ["ServedKnowledgeBase"]

_T = TypeVar("_T")

_MANIFEST = "manifest.json"
_OWNER = "media-owner"
_LEAST_WAIT_S = 120.0
"""How long a writer waits for one who works alone, whatever he was told: that one is soon done."""

_LONGEST_PAUSE_S = 2.0


class ServedKnowledgeBase(KnowledgeBase):
    """The stores of one knowledge base on servers.

    Args:
        place: Its address.
        settings: What the user set: ``postgres``, ``media``, ``chroma_headers`` …
        create: Make it where there is none.

    Raises:
        UsageError: If the address or a setting is wrong, or Postgres is not named.
        KnowledgeBaseMissing: If there is none and it is not to be made.
        ServerUnreachable: If a server does not answer.
    """

    def __init__(self, place: str, settings: Settings, *, create: bool = True) -> None:
        self.address = Address.of(place)
        if not settings.postgres:
            raise UsageError(
                f"{self.address} keeps its vectors on a Chroma server, and nothing says where its texts are kept.",
                hint='Name a Postgres database: postgres = "postgresql://USER:PASSWORD@HOST/DATABASE" below [xmrag] in '
                "xmrag.toml, XMRAG_POSTGRES in the environment, or the argument postgres. `xmrag adopt "
                "http://HOST:PORT` takes over a collection that another program has made.",
            )
        self.postgres = Postgres(settings.postgres, self.address.schema, settings.server_timeout_s)
        key = hashlib.sha256(f"{self.address}\n{self.postgres.name}".encode()).hexdigest()[:16]
        super().__init__(
            settings.cache_path / "served" / f"{self.address.name}-{key}", settings, create=create
        )

    def _open(self, create: bool) -> None:
        if not self.catalog.exists() or self.catalog.read_file(_MANIFEST) is None:
            if not create:
                raise KnowledgeBaseMissing(
                    f"There is no knowledge base at {self.place}.",
                    hint=f"Make one with: xmrag add FOLDER --kb {self.place}",
                )
            self.catalog.make()
            self.path.mkdir(parents=True, exist_ok=True)
            with self.postgres:
                if self.catalog.read_file(_MANIFEST) is None:  # another process may have been quicker
                    self.manifest = Manifest(vectors=self.address.prefix)
                    self.save_manifest()
        self.manifest = self.load_manifest()

    read_only = False

    @property
    def place(self) -> str:
        """Where it is, as people are told: without a password."""
        return str(self.address)

    # stores ------------------------------------------------------------------------------

    @cached_property
    def catalog(self) -> ServedCatalog:
        """Sources, nodes and their index."""
        return ServedCatalog(self.postgres)

    @cached_property
    def media(self) -> MediaStore:
        """Pictures and sound: where the setting says, else in a folder of this machine."""
        root = self.settings.media or str(self.path / "media")
        return MediaStore(
            root,
            cache_dir=self.path / "fetched" if "://" in root else None,
            timeout_s=self.settings.server_timeout_s,
            patience_s=self.settings.server_patience_s,
        )

    @property
    def vectors(self) -> ChromaCollections:
        """The vectors, on the server."""
        if self._vectors is None:
            from ..chroma.collections import ChromaCollections

            with self._loading:
                if self._vectors is None:
                    client = ChromaClient.of(self._server(), make=True)
                    self._vectors = ChromaCollections.on(client, self.address.prefix)
        return self._vectors

    def _server(self) -> ChromaServer:
        settings = self.settings
        return ChromaServer(
            self.address.host,
            self.address.port,
            ssl=self.address.ssl,
            headers=headers_of(settings.chroma_headers.get_secret_value()),
            ca=settings.chroma_ca,
            timeout_s=settings.server_timeout_s,
            tenancy=Tenancy(settings.chroma_tenant, settings.chroma_database),
        )

    def load_manifest(self) -> Manifest:
        """Read the manifest as it is now."""
        held = self.catalog.read_file(_MANIFEST)
        if held is None:
            raise KnowledgeBaseMissing(
                f"There is no knowledge base at {self.place} any more.", hint="Somebody has dropped it."
            )
        return Manifest.read(held.decode(), self.place)

    def save_manifest(self) -> None:
        """Write the manifest."""
        text = json.dumps(asdict(self.manifest), ensure_ascii=False)
        self.catalog.write_file(_MANIFEST, text.encode())

    def read_file(self, name: str) -> bytes | None:
        """Return what lies beside the stores under a name."""
        return self.catalog.read_file(name)

    def write_file(self, name: str, data: bytes | None) -> None:
        """Write such a file; None removes it."""
        self.catalog.write_file(name, data)

    def has_file(self, name: str) -> bool:
        """Return whether there is such a file."""
        return self.catalog.has_file(name)

    def record_space(self, space: str, encoder: Encoder) -> None:
        """Note in the manifest with what model a space is made, unless another writer has done so."""
        if space not in self.manifest.spaces:
            with self.postgres:
                self.manifest = self.load_manifest()
                self.manifest.check(space, model=encoder.name, fingerprint=encoder.fingerprint)
                super().record_space(space, encoder)

    # what is there -----------------------------------------------------------------------

    def _vector_counts(self, manifest: Manifest) -> dict[str, int]:
        return {
            f"{space}/{kind}": self.vectors.count_of(space, kind)
            for space in manifest.spaces
            for kind in kinds_in(space)
        }

    def index_fault(self) -> str:
        """Return nothing: the files of a server are its own."""
        return ""

    def damaged_spaces(self) -> list[str]:
        """Return the spaces whose vectors are not all there."""
        lost = {name.partition("/")[0] for name in self._lost_at_rest() if "/" in name}
        return [space for space in self.manifest.spaces if space in lost]

    def _lost_at_rest(self) -> dict[str, int]:
        """Count what is gone although an earlier writer was broken off: vectors that nodes were counted with."""
        held = self._stock(self.manifest)
        return {
            name: n - held.get(name, 0) for name, n in self.manifest.stock.items() if held.get(name, 0) < n
        }

    def owns(self, error: VectorsDamaged) -> bool:
        """Return whether an error is about the vectors of this knowledge base."""
        return self._server().name in error.message

    def rewrite_vectors(self) -> list[str]:
        """Drop the spaces whose vectors are not all there, or cannot be read, noted as to be made; return them."""
        unreadable = {space for space, _kind in self.vectors.check()}.intersection(self.manifest.spaces)
        lost = sorted(unreadable.union(self.damaged_spaces()))
        for space in lost:
            self.catalog.begin_task(MAKING + space)
            self.vectors.drop(space)
        return lost

    def size_on_disk(self) -> int:
        """Return the bytes in Postgres and of the media; what vectors take is not told by Chroma's server."""
        return self.catalog.size_bytes() + self.media.size_bytes()

    # writing -----------------------------------------------------------------------------

    def patiently(self, step: Callable[[], _T]) -> _T:
        """Make a step of a change, again from its beginning when a server was out of reach."""
        deadline, pause = time.monotonic() + self.settings.server_patience_s, 0.1
        while True:
            try:
                return step()
            except ServerUnreachable:
                self.interruptions += 1
                while True:
                    if time.monotonic() + pause >= deadline:
                        raise
                    time.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE_S)
                    try:
                        self._enter_again()
                        self.manifest = self.load_manifest()
                    except ServerUnreachable:
                        continue
                    break

    def _enter_again(self) -> None:
        """Be a writer again on a new connection."""
        self.postgres.leave_writers()
        if not self.postgres.enter_writers(_LEAST_WAIT_S, alone=self._staying):
            raise ServerUnreachable(
                f"Another writer works alone on {self.place}.", hint="Try again when it has finished."
            )

    is_shared = True
    _staying = False
    _is_media_owned = False

    @property
    def is_alone(self) -> bool:
        """Whether no other process can be writing now."""
        return self._staying

    @contextmanager
    def alone(self, wait_s: float = 0.0) -> Iterator[bool]:
        """Be the only writer for a while; see the base class."""
        if self._staying:
            yield True
            return
        self.postgres.leave_writers()
        is_alone = self.postgres.enter_writers(wait_s, alone=True)
        if not is_alone:
            self._enter_again()
        self._staying = is_alone
        if is_alone:
            self.manifest = self.load_manifest()
        try:
            yield is_alone
        finally:
            self._staying = False
            if is_alone:
                self._enter_again()

    def stay_alone(self) -> None:
        """Be the only writer until the end of the change."""
        if self._staying:
            return
        self.postgres.leave_writers()
        self._staying = self.postgres.enter_writers(_LEAST_WAIT_S, alone=True)
        if not self._staying:
            self._enter_again()
            raise self._locked()
        self.manifest = self.load_manifest()

    @contextmanager
    def writing(self, wait_s: float = 0.0, *, alone: bool = False) -> Iterator[None]:
        """Be one of the writers, or the only one; the same thread may enter again.

        Raises:
            KnowledgeBaseLocked: If one who works alone, or one who writes where nobody else may, takes too long.
            ServerUnreachable: If a server is out of reach for too long.
        """
        with in_turn(self.place) as first:
            if not first:
                if alone:
                    self.stay_alone()
                yield
                return
            wait = wait_s if wait_s < 0 else max(wait_s, _LEAST_WAIT_S)
            if not self.postgres.enter_writers(wait, alone=alone):
                raise self._locked()
            self._changing, self._staying, self.interruptions = self._changing + 1, alone, 0
            try:
                self.manifest = self.load_manifest()
                self.patiently(self._own_media)
                self._renew_index()
                yield
                self.patiently(lambda: self.catalog.settle(512))
            finally:
                self._staying, self._changing = False, self._changing - 1
                self.postgres.leave_writers()

    def _own_media(self) -> None:
        """See to it that nobody else's media lie in the same place: what no node here shows is removed there."""
        if self._is_media_owned or not self.settings.media:
            return
        owner = (self.catalog.read_file(_OWNER) or self._named_owner()).decode()
        noted = self.media.owner()
        if noted and noted != owner:
            raise UsageError(
                f"{self.media.name} keeps the media of another knowledge base than {self.place}.",
                hint=f"Give each a place of its own, such as media = {self.media.name.rstrip('/')}/{self.address.name}. "
                "Where that other one is gone for good, remove the file `owner` there.",
            )
        if not noted:
            self.media.own(owner)
        self._is_media_owned = True

    def _named_owner(self) -> bytes:
        """Give the knowledge base a name as an owner, unless another writer has just done so."""
        with self.postgres:
            owner = self.catalog.read_file(_OWNER) or uuid.uuid4().hex.encode()
            self.catalog.write_file(_OWNER, owner)
        return owner

    def _renew_index(self) -> None:
        """Index all words anew where another version of xmrag indexed them in another way."""
        if not self.catalog.is_index_current():
            self.stay_alone()
            self.catalog.renew_index()

    def _locked(self) -> KnowledgeBaseLocked:
        return KnowledgeBaseLocked(
            f"Others are writing to {self.place}, and this change bears nobody beside it or waits for one who works alone.",
            hint="Wait until they have finished, or let the call wait: wait=600. Reading goes on meanwhile.",
        )

    def close(self) -> None:
        """Close the connections."""
        if self._vectors is not None:
            self._vectors.close()
        self.postgres.close()
