"""CrossModalIndex wires all of it: read this first.

``add`` runs :mod:`~xmrag_plugin.ingestion.run`; ``search`` runs :mod:`~xmrag_plugin.search.searcher`; ``as_retriever``,
``as_query_engine``, ``as_chat_engine`` and ``as_tools`` are LlamaIndex's faces on the same stores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .errors import UsageError
from .search.questions import PictureLike, QuestionLike
from .search.searcher import Searcher, SearchRequest, SearchResult
from .search.spoken import SoundLike, SpokenWords
from .settings import Settings
from .storage.knowledge_base import KnowledgeBase
from .types import Hit, IngestionReport, NodeRecord

if TYPE_CHECKING:
    from llama_index.core.llms import LLM
    from llama_index.core.tools import FunctionTool

    from .answers.response import CrossModalResponse
    from .describers.caption import CaptionDescriber
    from .describers.ocr import OcrDescriber
    from .encoders import Encoder
    from .ingestion.run import Progress
    from .llamaindex.chat.engine import CrossModalChatEngine
    from .llamaindex.query_engine import CrossModalQueryEngine
    from .llamaindex.retriever import CrossModalRetriever

__all__ = ["CrossModalIndex"]


class CrossModalIndex:
    """A knowledge base of texts and pictures in one folder.

    Args:
        kb: The folder; made when it is missing. Defaults to ``settings.kb``.
        settings: What the user set; read from the environment and ``xmrag.toml`` when not given.
        text: Text encoder: a preset, a hub id, a folder; the offline default when not given.
        vision: Vision encoder, likewise. On a knowledge base that has none, the next :meth:`add`
            embeds what is stored.
        llm: A LlamaIndex LLM, or a spec such as ``"openai:gpt-5-mini"``, ``"none"``, ``"auto"``.
        create: Whether to make the folder when it is missing.
        overrides: Further :class:`~xmrag_plugin.Settings` fields, such as ``sound``, the sound encoder.

    Raises:
        KnowledgeBaseMissing: If the folder is missing and not to be made.
        KnowledgeBaseNewer: If a newer xmrag wrote it.

    Example:
        >>> index = CrossModalIndex("kb")                        # doctest: +SKIP
        >>> index.add("docs/").added                             # doctest: +SKIP
        ['guide.md', 'report.pdf']
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
        self.kb = KnowledgeBase(Path(kb if kb is not None else settings.kb), settings, create=create)
        self.llm = None if isinstance(llm, str) else llm
        self.searcher = Searcher(self.kb)
        self._describer: OcrDescriber | None = None
        self._spoken = SpokenWords(settings)

    def __repr__(self) -> str:
        return f"CrossModalIndex({str(self.kb.path)!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Where it lies and how it is set; it is opened again where it is unpickled."""
        return {"kb": self.kb.path, "settings": self.settings, "llm": self.llm}

    def __setstate__(self, state: dict[str, Any]) -> None:
        CrossModalIndex.__init__(self, state["kb"], state["settings"], llm=state["llm"], create=False)

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
        *paths: str | os.PathLike[str],
        prune: bool = False,
        jobs: int | None = None,
        progress: bool | Progress = False,
        **options: Any,
    ) -> IngestionReport:
        """Add or update files and folders; unchanged ones cost next to nothing.

        Args:
            paths: Files and folders.
            prune: Also remove what is gone from these folders.
            jobs: Workers; one a core by default.
            progress: Progress bars on stderr, or a callable ``(stage, done, total)``.
            options: Further :class:`~xmrag_plugin.readers.ReadOptions` fields, such as ``password``
                or ``pages``.

        Returns:
            What became of every file. A file that cannot be read is in ``failed`` with the way out,
            and costs itself only.

        Raises:
            UsageError: If no path is given.
            KnowledgeBaseLocked: If another process is writing.
            ModelMismatch: If another text model is asked for than the one that the index has.
        """
        from .ingestion.progress import progress_bars
        from .ingestion.run import Ingestion
        from .ingestion.spaces import asks_for_another_space, embed_anew

        if not paths and not asks_for_another_space(self.kb):
            raise UsageError("Nothing to add was named.", hint="Name files or folders.")
        with self.kb.writing(), progress_bars(progress) as report_progress:
            ingestion = Ingestion(
                self.kb,
                describer=self._ocr(jobs),
                captioner=self._captioner(),
                progress=report_progress,
                options=options,
            )
            embed_anew(self.kb, ingestion)
            return ingestion.run([Path(path) for path in paths], prune=prune)

    @classmethod
    def from_chroma(
        cls,
        collection: Any,
        kb: str | os.PathLike[str] | None = None,
        settings: Settings | None = None,
        *,
        progress: bool | Progress = False,
        **options: Any,
    ) -> CrossModalIndex:
        """A knowledge base with the texts of a Chroma collection that exists; see :meth:`adopt`.

        Args:
            collection: A Chroma collection, or a LlamaIndex store over one.
            kb: The folder; made when it is missing.
            settings: What the user set.
            progress: Progress bars on stderr, or a callable ``(stage, done, total)``.
            options: Further arguments of the constructor, such as ``text``, the model that made the vectors.

        Example:
            >>> index = CrossModalIndex.from_chroma(collection, "kb")    # doctest: +SKIP
            >>> index.add("figures/")                                    # doctest: +SKIP
        """
        index = cls(kb, settings, **options)
        try:
            index.adopt(collection, progress=progress)
        except BaseException:
            index.close()
            raise
        return index

    def adopt(self, collection: Any, *, progress: bool | Progress = False) -> IngestionReport:
        """Take over the texts of a Chroma collection with their vectors, without embedding them again.

        Sources are what ``file_path``, ``file_name``, ``source`` or ``ref_doc_id`` say; node ids are the
        rows' own. The collection is left as it is. Doing it again takes over what has changed.

        Args:
            collection: A Chroma collection, or a LlamaIndex store over one: ``ChromaVectorStore``,
                :class:`~xmrag_plugin.CrossModalVectorStore`.
            progress: Progress bars on stderr, or a callable ``(stage, done, total)``.

        Returns:
            What became of every source.

        Raises:
            ModelMismatch: If another model made the vectors than this knowledge base's text encoder,
                which a sample shows that is embedded again.
            KnowledgeBaseLocked: If another process is writing.
            UsageError: If it is no Chroma collection, or one of the knowledge base itself.
        """
        from .ingestion.adopt import Adoption, table_of
        from .ingestion.progress import progress_bars

        with self.kb.writing(), progress_bars(progress) as report_progress:
            return Adoption(self.kb, table_of(collection), report_progress).run()

    def _ocr(self, jobs: int | None) -> OcrDescriber | None:
        """The OCR describer, where it is wanted and installed."""
        import importlib.util

        if self.settings.ocr == "off":
            return None
        if self.settings.ocr == "auto" and importlib.util.find_spec("rapidocr") is None:
            return None
        if self._describer is None:
            from .describers.ocr import OcrDescriber

            self._describer = OcrDescriber(self.settings.replace(jobs=jobs or self.settings.jobs))
        return self._describer

    def read_picture(self, picture: bytes) -> str:
        """The words read off a picture by OCR; none where OCR is off or not installed."""
        describer = self._ocr(None)
        return describer.read(picture).text if describer is not None else ""

    def _captioner(self) -> CaptionDescriber | None:
        """The generator that describes pictures, where one is named."""
        if self.settings.describe == "none":
            return None
        from .describers.caption import CaptionDescriber
        from .generators import load_llm

        return CaptionDescriber(load_llm(self.settings.describe, self.settings))

    def remove(self, *sources: str) -> list[str]:
        """Remove sources by their name or path; returns the names of what was removed.

        Raises:
            UsageError: If one is not in the knowledge base.
        """
        from .ingestion.remove import remove_sources

        with self.kb.writing():
            return remove_sources(self.kb, sources)

    def drop_space(self, space: str) -> None:
        """Drop a vector space, ``"vision"`` or ``"sound"``; what is stored and other spaces stay."""
        from .ingestion.spaces import drop_space

        with self.kb.writing():
            drop_space(self.kb, space)

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
        where: Mapping[str, Any] | Callable[[NodeRecord], bool] | None = None,
        min_probability: float = 0.0,
        mmr: float | None = None,
        neighbours: int = 0,
        fusion: str = "calibrated",
    ) -> list[Hit]:
        """The texts and pictures that answer best, in one list.

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
            where: Metadata that hits must have, such as ``{"source": "a.pdf", "page": 3}``, or a
                function of a node record.
            min_probability: Leave out what is less probably relevant.
            mmr: Maximal marginal relevance, 0 (diverse) to 1.
            neighbours: Linked nodes brought along with each hit.
            fusion: ``"calibrated"``, ``"weighted"``, ``"rrf"`` or ``"stock"``.

        Raises:
            UsageError: If nothing is asked, or what is said in a recording cannot be known.
        """
        return self.find(
            query,
            k=k,
            images=images,
            audio=audio,
            without=without,
            modality=modality,
            top_k=top_k,
            where=where,
            min_probability=min_probability,
            mmr=mmr,
            neighbours=neighbours,
            fusion=fusion,
        ).hits

    def find(
        self,
        query: QuestionLike = "",
        *,
        images: Sequence[PictureLike] = (),
        audio: Sequence[SoundLike] = (),
        without: Sequence[str] = (),
        where: Mapping[str, Any] | Callable[[NodeRecord], bool] | None = None,
        **wanted: Any,
    ) -> SearchResult:
        """As :meth:`search`, with the timings."""
        from .search.filters import as_predicate

        hears = "sound" in self.kb.manifest.spaces
        question = self._spoken.question(query, images=images, audio=audio, without=without, hears=hears)
        return self.searcher.search(SearchRequest(question=question, where=as_predicate(where), **wanted))

    def heard(self, sound: SoundLike) -> str:
        """The words that are said in a recording, by its transcript or as they are recognised.

        Raises:
            UsageError: If they cannot be known; the hint says what would make it heard.
        """
        return self._spoken.of(sound)

    @property
    def abstention_threshold(self) -> float:
        """p(the collection holds the answer) below which the sources are said not to hold it."""
        return 0.5

    # LlamaIndex --------------------------------------------------------------------------

    def as_retriever(self, **wanted: Any) -> CrossModalRetriever:
        """A LlamaIndex retriever; takes the arguments of :class:`~xmrag_plugin.CrossModalRetriever`."""
        from .llamaindex.retriever import CrossModalRetriever

        return CrossModalRetriever(index=self, **wanted)

    def generator(self, llm: LLM | str | None = None) -> LLM | Literal["none"]:
        """The LLM to answer with: the one given, the one named, or the ladder of what this machine has.

        Returns:
            ``"none"`` where nothing can generate: answers are then quoted from the sources.
        """
        from .generators.fallback.llm import ladder_of

        chosen = llm if llm is not None else self.llm if self.llm is not None else self.settings.llm
        return ladder_of(chosen, self.settings) or "none"

    def as_query_engine(self, llm: LLM | str | None = None, **wanted: Any) -> CrossModalQueryEngine:
        """A LlamaIndex query engine that answers with citations and figures.

        Args:
            llm: A LlamaIndex LLM or a spec; the index's own when not given.
            wanted: Arguments of :meth:`as_retriever` and of :class:`~xmrag_plugin.CrossModalSynthesizer`.
        """
        from .llamaindex.query_engine import CrossModalQueryEngine

        retriever, rest = self._split(wanted)
        return CrossModalQueryEngine.from_args(
            retriever,
            llm=self.generator(llm),
            **{"abstention_threshold": self.abstention_threshold, "encoder": self.kb.encoder("text"), **rest},
        )

    def as_chat_engine(self, llm: LLM | str | None = None, **wanted: Any) -> CrossModalChatEngine:
        """A LlamaIndex chat engine that takes and remembers pictures; arguments as for the query engine."""
        from .llamaindex.chat.engine import CrossModalChatEngine

        retriever, rest = self._split(wanted)
        return CrossModalChatEngine.from_args(
            retriever,
            llm=self.generator(llm),
            **{"abstention_threshold": self.abstention_threshold, "encoder": self.kb.encoder("text"), **rest},
        )

    def _split(self, wanted: Mapping[str, Any]) -> tuple[CrossModalRetriever, dict[str, Any]]:
        """The retriever that its own arguments make, and the arguments that are left."""
        import inspect

        from .llamaindex.retriever import CrossModalRetriever

        known = set(inspect.signature(CrossModalRetriever.__init__).parameters) - {"self", "index"}
        retriever = self.as_retriever(**{name: wanted[name] for name in wanted if name in known})
        return retriever, {name: value for name, value in wanted.items() if name not in known}

    def as_tools(self, **wanted: Any) -> list[FunctionTool]:
        """Tools for LlamaIndex agents; they return blocks of text and pictures."""
        from .llamaindex.tools import CrossModalToolSpec

        return CrossModalToolSpec(self, **wanted).to_tool_list()

    def describe(
        self, picture: PictureLike, llm: LLM | str | None = None, **wanted: Any
    ) -> CrossModalResponse:
        """A picture described with what the collection knows of it; see :func:`~xmrag_plugin.answers.describe.describe`."""
        from .answers.describe import describe

        return describe(self, picture, llm=llm, **wanted)

    def summarize(self, source: str, llm: LLM | str | None = None, **wanted: Any) -> CrossModalResponse:
        """A document, recording or video summed up; see :func:`~xmrag_plugin.answers.summarize.summarize`."""
        from .answers.summarize import summarize

        return summarize(self, source, llm=llm, **wanted)

    # looking after -----------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """What is in the knowledge base, and what it was made with."""
        return self.kb.contents()

    def sources(self) -> list[str]:
        """Names of all sources."""
        return [row.source for row in self.kb.catalog.sources()]

    def encoder(self, space: str) -> Encoder | None:
        """The encoder of a space."""
        return self.kb.encoder(space)
