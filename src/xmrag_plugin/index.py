"""CrossModalIndex wires all of it: read this first.

``add`` runs :mod:`~xmrag_plugin.ingestion.run`; ``search`` runs :mod:`~xmrag_plugin.search.searcher`; ``as_retriever``,
``as_query_engine``, ``as_chat_engine`` and ``as_tools`` are LlamaIndex's faces on the same stores.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, Union

from .errors import UsageError
from .generators.keyless import Keyless
from .llamaindex.index_methods import LlamaIndexMethods
from .search.questions import PictureLike, QuestionLike, as_question
from .search.searcher import Searcher, SearchRequest, SearchResult
from .search.spoken import SoundLike, SpokenWords
from .settings import Settings
from .storage.opening import open_knowledge_base
from .types import Citation, Hit, Hits, IngestionReport, NodeRecord

if TYPE_CHECKING:
    from llama_index.core.llms import LLM
    from llama_index.core.vector_stores.types import MetadataFilters

    from .answers.source_view import SourceView
    from .describers.ocr import OcrDescriber
    from .encoders import Encoder
    from .ingestion.options import Addable
    from .ingestion.progress import ProgressOption
    from .ingestion.run import Engine

__all__ = ["CrossModalIndex"]

_T = TypeVar("_T")
Where = Union["MetadataFilters", Mapping[str, Any], Callable[[NodeRecord], bool], None]


class CrossModalIndex(LlamaIndexMethods):
    """A knowledge base of texts and pictures, in one folder or on servers.

    Args:
        kb: The folder, or ``http://HOST:PORT/NAME`` on servers; made when it is missing. Defaults to ``settings.kb``.
        settings: What the user set; read from the environment and ``xmrag.toml`` when not given.
        text: Text encoder: a preset, a hub id, a folder; the offline default when not given.
        vision: Vision encoder, likewise; where there was none, the next :meth:`add` embeds what is stored.
        llm: A LlamaIndex LLM, or a spec such as ``"openai:gpt-5-mini"``, ``"none"``, ``"auto"``.
        create: Whether to make the folder when it is missing.
        overrides: Further :class:`~xmrag_plugin.Settings` fields, such as ``sound``, the sound encoder.

    Raises:
        KnowledgeBaseMissing: If the folder is missing and not to be made.
        KnowledgeBaseNewer: If a newer xmrag wrote it.

    Example:
        >>> index = CrossModalIndex("kb")                        # doctest: +SKIP
        >>> report = index.add("docs/")                          # doctest: +SKIP
        >>> index.as_query_engine().query("Which region grew?")  # doctest: +SKIP
    """

    def __init__(
        self,
        kb: str | os.PathLike[str] | None = None,
        settings: Settings | None = None,
        *,
        text: str | None = None,
        vision: str | None = None,
        llm: LLM | str | None = None,
        create: bool = True,
        **overrides: Any,
    ) -> None:
        spec = llm if isinstance(llm, str) else None
        if settings is None:
            settings = Settings.load(text=text, vision=vision, llm=spec, **overrides)
        else:
            changes = {"text": text, "vision": vision, "llm": spec, **overrides}
            settings = settings.replace(**{k: v for k, v in changes.items() if v is not None})
        self.settings = settings
        self.kb = open_knowledge_base(settings.kb if kb is None else kb, settings, create=create)
        self.llm = None if isinstance(llm, str) else llm
        self.searcher = Searcher(self.kb)
        self._describer: OcrDescriber | None = None
        self._spoken = SpokenWords(settings)

    def __repr__(self) -> str:
        return f"CrossModalIndex({self.kb.place!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Return where it lies and how it is set, without keys; it is opened again where it is unpickled."""
        llm = self.llm if self.llm is None else Keyless(self.llm)
        return {"kb": self.kb.place, "settings": self.settings, "llm": llm}

    def __setstate__(self, state: dict[str, Any]) -> None:
        llm = Keyless.opened(state["llm"])
        CrossModalIndex.__init__(self, state["kb"], state["settings"], llm=llm, create=False)

    def __enter__(self) -> CrossModalIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the stores."""
        self.kb.close()

    # filling -----------------------------------------------------------------------------

    def add(
        self,
        *paths: Addable,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        prune: bool = False,
        jobs: int | None = None,
        progress: ProgressOption = "auto",
        wait: float = 0.0,
        engine: Engine = "local",
        **options: Any,
    ) -> IngestionReport:
        """Add or update files and folders; unchanged ones cost next to nothing.

        Args:
            paths: Files and folders, or lists of them; also the bytes of a file or a stream, of which a copy is kept.
            name: What is added from memory is called, such as ``"report.pdf"``; a stream's own name by default.
            metadata: Strings, numbers and dates for every node of these files, to filter by; kept until others come.
            prune: Also remove what is gone from these folders.
            jobs: Files read at once, and other workers; one a core by default.
            progress: ``"auto"`` or True for a bar where a terminal or a notebook shows it, False for none, or
                a callable ``(stage, done, total)``.
            wait: Seconds to wait for another process that writes; negative for ever.
            engine: ``"ray"`` has Ray read, recognise and embed: on the cluster of the settings' ``ray_address``, else
                on this machine.
            options: How files are read: ``password``, ``pages``, ``hidden``, ``pdf_parser``, ``min_picture_px``,
                ``max_picture_px``, ``follow_links``, ``keep_sound``, ``allow_fetch``.

        Returns:
            What became of every file. One that cannot be read is in ``failed`` with the way out.

        Raises:
            UsageError: If nothing is named, or an option is unknown; no file has been touched then.
            KnowledgeBaseLocked: If another process is writing.
            ClusterError: If Ray cannot be reached or gives up; what was written is kept.
        """
        from .answers import notebook  # noqa: F401 - how the report shows itself
        from .ingestion.options import as_sources, check_metadata, check_options
        from .ingestion.progress import progress_bar
        from .ingestion.run import Ingestion
        from .ingestion.spaces import asks_for_another_space, embed_anew

        if not paths and not asks_for_another_space(self.kb):
            raise UsageError("Nothing to add was named.", hint="Name files or folders.")
        options = check_options(options, jobs, engine)
        metadata = check_metadata(metadata) if metadata is not None else None
        with self.kb.writing(wait), progress_bar(progress) as report_progress:
            sources = as_sources(self.kb, paths, name)

            def ingest() -> IngestionReport:
                ingestion = Ingestion(
                    self.kb,
                    describer=self._ocr(jobs),
                    progress=report_progress,
                    options=options,
                    metadata=metadata,
                    workers=jobs,
                    engine=engine,
                )
                embed_anew(self.kb, ingestion)
                return ingestion.run(sources, prune=prune)

            report = self._change(ingest, alone=False)
            report.pictures_unfindable = self.pictures_unfindable()
        return report

    async def aadd(self, *paths: str | os.PathLike[str], **options: Any) -> IngestionReport:
        """:meth:`add` in a thread, so that the event loop goes on."""
        return await asyncio.to_thread(self.add, *paths, **options)

    @classmethod
    def from_chroma(
        cls,
        collection: Any,
        kb: str | os.PathLike[str] | None = None,
        settings: Settings | None = None,
        *,
        progress: ProgressOption = "auto",
        **options: Any,
    ) -> CrossModalIndex:
        """Make a knowledge base of the texts of a Chroma collection that exists; see :meth:`adopt`.

        Args:
            collection: A Chroma collection, or a LlamaIndex store over one.
            kb: The folder; made when it is missing.
            settings: What the user set.
            progress: As for :meth:`add`.
            options: Further arguments of the constructor, such as ``text``, the model that made the vectors.
        """
        index = cls(kb, settings, **options)
        try:
            index.adopt(collection, progress=progress)
        except BaseException:
            index.close()
            raise
        return index

    def adopt(self, collection: Any, *, progress: ProgressOption = "auto") -> IngestionReport:
        """Take over the texts of a Chroma collection with their vectors, without embedding them again.

        A source is what ``file_path``, ``file_name``, ``source`` or ``ref_doc_id`` says. The collection is left as it is;
        doing it again takes over what has changed.

        Args:
            collection: A Chroma collection, or a LlamaIndex store over one: ``ChromaVectorStore``,
                :class:`~xmrag_plugin.CrossModalVectorStore`.
            progress: As for :meth:`add`.

        Returns:
            What became of every source.

        Raises:
            ModelMismatch: If another model made the vectors than this knowledge base's text encoder,
                which a sample shows that is embedded again.
            KnowledgeBaseLocked: If another process is writing.
            UsageError: If it is no Chroma collection, or one of the knowledge base itself.
        """
        from .ingestion.adopt import Adoption, table_of
        from .ingestion.progress import progress_bar

        with progress_bar(progress) as report_progress:
            return self._change(lambda: Adoption(self.kb, table_of(collection), report_progress).run())

    def _change(self, change: Callable[[], _T], wait: float = 0.0, *, alone: bool = True) -> _T:
        """Change the knowledge base, and mend its vectors where a kill has damaged them."""
        from .ingestion.recover import mending

        with self.kb.writing(wait, alone=alone):
            return mending(self.kb, change)

    def _ocr(self, jobs: int | None) -> OcrDescriber | None:
        """Return the OCR describer, where it is wanted and installed."""
        from .describers.ocr import OcrDescriber, ocr_wanted

        if not ocr_wanted(self.settings):
            return None
        if self._describer is None:
            self._describer = OcrDescriber(self.settings.replace(jobs=jobs or self.settings.jobs))
        return self._describer

    def read_picture(self, picture: bytes) -> str:
        """Return the words read off a picture by OCR; none where OCR is off or not installed."""
        describer = self._ocr(None)
        return describer.read(picture).text if describer is not None else ""

    def remove(self, *sources: str, wait: float = 0.0) -> list[str]:
        """Remove sources by their name or path; their words stand in no file of the knowledge base then.

        Args:
            sources: Their names or paths.
            wait: Seconds to wait for another process that writes; negative for ever.

        Returns:
            The names of what was removed.

        Raises:
            UsageError: If one is not in the knowledge base.
        """
        from .ingestion.remove import remove_sources

        with self.kb.writing(wait):
            return remove_sources(self.kb, sources)

    def purge(self, *, wait: float = 0.0) -> int:
        """Write every file of the knowledge base anew without what was removed from it.

        Args:
            wait: Seconds to wait for another process that writes; negative for ever.

        Returns:
            By how many bytes it has shrunk.
        """
        from .ingestion.recover import purge

        return self._change(lambda: purge(self.kb), wait)

    def drop_space(self, space: str) -> None:
        """Drop a vector space, ``"vision"`` or ``"sound"``; what is stored and other spaces stay."""
        from .ingestion.spaces import drop_space

        self._change(lambda: drop_space(self.kb, space))

    # finding -----------------------------------------------------------------------------

    def search(
        self,
        query: QuestionLike = "",
        *,
        k: int = 10,
        images: Sequence[PictureLike] = (),
        audio: Sequence[SoundLike] = (),
        without: Sequence[str] = (),
        modality: str | None = None,
        top_k: Mapping[str, int] | None = None,
        where: Where = None,
        min_probability: float = 0.0,
        mmr: float | None = None,
        neighbours: int = 0,
        fusion: str = "calibrated",
        rerank: str = "none",
        **_unknown: Any,
    ) -> Hits:
        """Return the texts and pictures that answer best, in one list that shows itself in a notebook.

        Args:
            query: A text; or a mapping of texts and pictures to weights, such as
                ``{"red dress": 1.0, "photo.jpg": 0.7, "floral": -0.5}``; or a picture. A sound file
                in a mapping stands for the words said in it, and in a sound space for itself.
            k: Length of the list.
            images: Pictures to ask with: files, bytes, PIL images.
            audio: Recordings to ask with, likewise: files, bytes.
            without: Texts to stay away from.
            modality: Only ``"text"``, ``"image"``, …
            top_k: At most so many of a modality.
            where: Metadata that hits must have: ``{"source": "a.pdf", "page": {"$gte": 3}}``, LlamaIndex's
                ``MetadataFilters``, or a function of a node record.
            min_probability: Leave out what is less probably relevant.
            mmr: Maximal marginal relevance, 0 (diverse) to 1.
            neighbours: Linked nodes brought along with each hit.
            fusion: ``"calibrated"``, ``"weighted"``, ``"rrf"`` or ``"stock"``.
            rerank: A reranker of texts that reads the best passages: ``"auto"`` where one is on this machine, a preset
                such as ``"ms-marco-minilm"``, a hub id or a folder.

        Raises:
            UsageError: If nothing is asked, an option is unknown, or what is said in a recording cannot be known.
        """
        from .answers import notebook  # noqa: F401 - how hits show themselves

        found = self.find(
            query, k=k, images=images, audio=audio, without=without, modality=modality, top_k=top_k, where=where,
            min_probability=min_probability, mmr=mmr, neighbours=neighbours, fusion=fusion, rerank=rerank, **_unknown,
        )  # fmt: skip
        return Hits(found.hits)

    async def asearch(self, query: QuestionLike = "", **wanted: Any) -> Hits:
        """:meth:`search` in a thread, so that the event loop goes on."""
        return await asyncio.to_thread(self.search, query, **wanted)

    def find(
        self,
        query: QuestionLike = "",
        *,
        images: Sequence[PictureLike] = (),
        audio: Sequence[SoundLike] = (),
        without: Sequence[str] = (),
        where: Where = None,
        **wanted: Any,
    ) -> SearchResult:
        """Do as :meth:`search`, with the timings."""
        from .llamaindex.options import check_options
        from .storage.filters import parse

        check_options(wanted, SearchRequest, also=("images", "audio", "without"))
        question = as_question(
            query,
            images=images,
            audio=audio,
            without=without,
            settings=self.settings,
            spoken=self._spoken,
            by_sound="sound" in self.kb.manifest.spaces,
        )
        return self.searcher.search(SearchRequest(question=question, where=parse(where), **wanted))

    def heard(self, sound: SoundLike) -> str:
        """Return the words that are said in a recording, by its transcript or as they are recognised.

        Raises:
            UsageError: If they cannot be known; the hint says what would make it heard.
        """
        return self._spoken.of(sound)

    def show(
        self,
        place: Hit | Citation | Mapping[str, Any] | str | None = None,
        *,
        page: int | None = None,
        node_id: str = "",
    ) -> SourceView:
        """Show where a hit or a citation comes from: its page drawn with the region marked.

        Args:
            place: A hit, a citation, or the name of a source with ``page`` (from 1) or ``node_id``.
            page: Of the source named.
            node_id: Likewise.

        Returns:
            A view that shows itself in a notebook; ``save("page.png")`` and ``html()`` take it elsewhere.

        Raises:
            UsageError: If there is no such source, node or page.
        """
        from .answers.source_view import view_source

        return view_source(self.kb, place, page=page, node_id=node_id)

    # looking after -----------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Return what is in the knowledge base, and what it was made with."""
        return {**self.kb.contents(), "pictures_unfindable": self.pictures_unfindable()}

    def pictures_unfindable(self) -> int:
        """Count the pictures that no words tell of, while there is no vision space to find them by."""
        if "vision" in self.kb.manifest.spaces:
            return 0
        return self.kb.catalog.count_wordless_pictures()

    def sources(self) -> list[str]:
        """Return the names of all sources."""
        return [row.source for row in self.kb.catalog.sources()]

    def encoder(self, space: str) -> Encoder | None:
        """Return the encoder of a space."""
        return self.kb.encoder(space)
