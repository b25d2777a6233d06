"""Elements as LlamaIndex documents, and back: readers for ``SimpleDirectoryReader`` and ingestion pipelines.

One element is one Document (a picture an ImageDocument), so that stock node parsers can use them too;
:class:`xmrag_plugin.CrossModalNodeParser` puts them together again.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from copy import copy
from pathlib import Path, PurePath
from typing import Any, cast

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import BaseNode, Document, ImageDocument, ImageNode, MediaResource

from ..describers.ocr import OcrDescriber, OcrResult, ocr_wanted
from ..errors import SourceMissing, UsageError
from ..images.intake import decode_base64, decode_data_uri, hash_of
from ..readers import ReadOptions, read_file, reader_suffixes
from ..settings import Settings
from ..types import Element, ElementKind, Key, Picture, figure_words, format_bbox, parse_bbox

__all__ = [
    "CrossModalReader",
    "document_from_element",
    "element_from_document",
    "picture_of",
    "text_of",
    "users_metadata",
]

_LEVEL = "level"
_REFERENCE = "reference"
_WORDS = "words"
_STATE = "state"
_PICTURE_KEYS = (Key.CAPTION, Key.ALT, Key.LABEL, Key.OCR, Key.DESCRIPTION, Key.MEDIA, Key.MEDIA_HASH)
_OWN_KEYS = frozenset((
    Key.SOURCE, Key.FILE_PATH, Key.KIND, Key.PAGE, Key.BBOX, Key.START_S, Key.END_S, Key.ORDER, _LEVEL, _REFERENCE,
    _WORDS, _STATE, *_PICTURE_KEYS,
))  # fmt: skip
_HIDDEN_KEYS = sorted({*_OWN_KEYS, Key.LINE_BOXES} - {Key.SOURCE, Key.PAGE})


class CrossModalReader(BaseReader):
    """Read a file of any known kind into Documents and ImageDocuments in reading order.

    Example:
        >>> from llama_index.core import SimpleDirectoryReader
        >>> documents = SimpleDirectoryReader(            # doctest: +SKIP
        ...     "docs", file_extractor=CrossModalReader.file_extractor()
        ... ).load_data()

    Scanned pages, and lettering that a PDF draws as outlines, are read by OCR where it is installed and
    ``XMRAG_OCR`` does not turn it off.

    Args:
        options: Limits, and callbacks for pictures left out and warnings.
        root: Folder that holds the files: sources are named relative to it, and links may lead to pictures anywhere
            below it. By default a source is the file's name, and links lead to its own folder and those below.
    """

    def __init__(self, options: ReadOptions | None = None, *, root: str | Path | None = None) -> None:
        self.options = options if options is not None else ReadOptions(ocr=_ocr())
        self.root = Path(root).expanduser().resolve() if root is not None else None

    @classmethod
    def class_name(cls) -> str:
        return "CrossModalReader"

    @classmethod
    def file_extractor(
        cls, options: ReadOptions | None = None, *, root: str | Path | None = None
    ) -> dict[str, BaseReader]:
        """Return one reader for every suffix that can be read, for ``SimpleDirectoryReader(file_extractor=…)``.

        Without it the stock reader keeps no picture of a PDF, a Word file or a presentation.
        """
        reader = cls(options, root=root)
        return dict.fromkeys(reader_suffixes(), reader)

    def lazy_load_data(
        self, file: str | Path, extra_info: Mapping[str, Any] | None = None, fs: Any = None
    ) -> Iterator[Document]:
        """Read one file, element by element.

        Args:
            file: The file.
            extra_info: Metadata to put on every document.
            fs: An fsspec file system that holds the file; without it, the local one.

        Raises:
            ReadError: If the file cannot be read.
        """
        metadata = dict(extra_info or {})
        if fs is not None:
            yield from self._load_remote(PurePath(file), metadata, fs)
            return
        path = Path(file).expanduser().resolve()
        if not path.is_file():
            raise SourceMissing(f"There is no file {path}.", hint="Check the path.")
        yield from self._load(path, self._source(path), str(path), metadata)

    def load_data(
        self, file: str | Path, extra_info: Mapping[str, Any] | None = None, fs: Any = None
    ) -> list[Document]:
        """Read one file; see :meth:`lazy_load_data`."""
        return list(self.lazy_load_data(file, extra_info, fs))

    def _load(
        self, path: Path, source: str, file_path: str, metadata: Mapping[str, Any]
    ) -> Iterator[Document]:
        documents = [
            document_from_element(element, source=source, file_path=file_path, order=order, metadata=metadata)
            for order, element in enumerate(read_file(path, self._options(path)))
        ]
        # A docstore compares documents one by one, and a file is parsed as a whole: a change anywhere in
        # it, or in a picture that it links to, has to change them all.
        state = hashlib.sha256("".join(document.hash for document in documents).encode()).hexdigest()
        for document in documents:
            document.metadata[_STATE] = state
            document.excluded_embed_metadata_keys.append(_STATE)
            document.excluded_llm_metadata_keys.append(_STATE)
            yield document

    def _options(self, path: Path) -> ReadOptions:
        """Return the options for one file, of which each warning is given once."""
        options, given = copy(self.options), set[str]()
        if options.root is None and self.root is not None and path.is_relative_to(self.root):
            options.root = self.root

        def warn(message: str, hint: str) -> None:
            if message not in given:
                given.add(message)
                self.options.on_warning(message, hint)

        options.on_warning = warn
        return options

    def _load_remote(self, file: PurePath, metadata: Mapping[str, Any], fs: Any) -> Iterator[Document]:
        import tempfile

        with tempfile.TemporaryDirectory(prefix="xmrag-") as folder:
            path = Path(folder) / file.name
            path.write_bytes(fs.cat_file(str(file)))
            for document in self._load(path, file.name, str(file), metadata):
                _detach(document, Path(folder))
                yield document

    def _source(self, path: Path) -> str:
        if self.root is not None and path.is_relative_to(self.root):
            return path.relative_to(self.root).as_posix()
        return path.name


class _Ocr:
    """Reads the words off a page; loaded with the first one, and anew where it is unpickled."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._describer: OcrDescriber | None = None

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        return None, {"_settings": self._settings, "_describer": None}

    def __call__(self, picture: bytes) -> OcrResult:
        if self._describer is None:
            self._describer = OcrDescriber(self._settings)
        return self._describer.read(picture)


def _ocr() -> _Ocr | None:
    """Return what reads scanned pages; None where it is turned off or not installed."""
    settings = Settings.load()
    return _Ocr(settings) if ocr_wanted(settings) else None


def document_from_element(
    element: Element,
    *,
    source: str,
    file_path: str | None = None,
    order: int = 0,
    metadata: Mapping[str, Any] | None = None,
) -> Document:
    """Return one element as a Document, or as an ImageDocument when it has a picture.

    The id is a function of file and position, so that docstores see a changed document as such. All
    values in the metadata are flat.
    """
    picture = element.picture
    flat: dict[str, Any] = {
        **element.metadata,
        **(metadata or {}),
        Key.SOURCE: source,
        Key.FILE_PATH: file_path,
        Key.KIND: element.kind,
        Key.ORDER: order,
        Key.PAGE: element.page,
        Key.BBOX: format_bbox(element.bbox),
        Key.START_S: element.start_s,
        Key.END_S: element.end_s,
        _LEVEL: element.level or None,
    }
    text = element.text
    if picture is not None:
        flat |= {key: getattr(picture, key) or None for key in _PICTURE_KEYS}
        flat[Key.MEDIA_HASH] = hash_of(picture)
        flat |= {_REFERENCE: picture.reference[:500] or None, _WORDS: picture.words or None}
        if element.kind == "picture":
            text = figure_words(
                caption=picture.caption,
                alt=picture.alt,
                description=picture.description,
                words=picture.words,
                ocr=picture.ocr,
            )
    flat = {key: value for key, value in flat.items() if value is not None}
    common: dict[str, Any] = {
        "id_": _document_id(source, file_path, order),
        # Given even when empty: without it a picture's metadata do not count for the pipeline's cache.
        "text_resource": MediaResource(text=text),
        "metadata": flat,
        "excluded_embed_metadata_keys": [key for key in _HIDDEN_KEYS if key in flat],
        "excluded_llm_metadata_keys": [key for key in _HIDDEN_KEYS if key in flat],
    }
    if picture is None:
        return Document(**common)
    return ImageDocument(image_resource=_resource(picture), **common)


def element_from_document(document: BaseNode) -> Element | None:
    """Return the element behind a document of :func:`document_from_element`; None for any other document."""
    values = document.metadata
    kind = values.get(Key.KIND)
    if kind is None or Key.ORDER not in values or Key.SOURCE not in values:
        return None
    picture = picture_of(document)
    return Element(
        kind=cast(ElementKind, kind),
        text="" if kind == "picture" else text_of(document),
        level=int(values.get(_LEVEL, 0)),
        page=values.get(Key.PAGE),
        bbox=parse_bbox(values.get(Key.BBOX)),
        start_s=values.get(Key.START_S),
        end_s=values.get(Key.END_S),
        picture=picture,
        metadata={key: value for key, value in values.items() if key not in _OWN_KEYS},
    )


def picture_of(document: BaseNode) -> Picture | None:
    """Return the picture of a document or an ``ImageNode``, or None where it holds none."""
    resource = getattr(document, "image_resource", None)
    if isinstance(document, ImageNode):
        resource = _resource_of_node(document)
    elif resource is not None and str(resource.url or "").startswith("data:"):
        data = decode_data_uri(str(resource.url))
        resource = MediaResource(data=base64.b64encode(data), mimetype=resource.mimetype)
    if resource is None or (resource.data is None and resource.path is None):
        return None
    values = document.metadata
    picture = Picture(
        data=decode_base64(resource.data) if resource.data is not None else None,
        path=Path(resource.path) if resource.path is not None else None,
        reference=values.get(_REFERENCE, ""),
        mime=resource.mimetype or "",
        words=values.get(_WORDS, ""),
    )
    for key in _PICTURE_KEYS:
        if values.get(key) is not None:
            setattr(picture, key, values[key])
    return picture


def _resource_of_node(node: ImageNode) -> MediaResource | None:
    """Return an ImageNode's picture, which it holds in fields of its own."""
    encoded = node.image or (node.image_url if (node.image_url or "").startswith("data:") else None)
    if encoded:
        return MediaResource(data=encoded.rpartition(",")[2].encode(), mimetype=node.image_mimetype)
    if node.image_path and "://" not in node.image_path:
        return MediaResource(path=Path(node.image_path), mimetype=node.image_mimetype)
    return None


def _resource(picture: Picture) -> MediaResource:
    if picture.data is None and picture.path is None:
        raise UsageError("A picture has neither bytes nor a file.", hint="Set Picture.data or Picture.path.")
    return MediaResource(
        data=base64.b64encode(picture.data) if picture.data is not None else None,
        path=picture.path,
        mimetype=picture.mime or None,
    )


def text_of(document: BaseNode) -> str:
    """Return the text of a document, empty where it has none."""
    resource = getattr(document, "text_resource", None)
    if resource is not None:
        return str(resource.text or "")
    return document.get_content()


def users_metadata(document: BaseNode) -> dict[str, Any]:
    """Return the metadata of a document that are its user's own."""
    return {key: value for key, value in document.metadata.items() if key not in _OWN_KEYS}


def _document_id(source: str, file_path: str | None, order: int) -> str:
    return hashlib.sha256(f"{file_path or source}\0{order}".encode()).hexdigest()[:32]


def _detach(document: Document, folder: Path) -> None:
    """Bring a picture that lies in a temporary folder into memory."""
    resource = getattr(document, "image_resource", None)
    if resource is not None and resource.path is not None and Path(resource.path).is_relative_to(folder):
        document.image_resource = MediaResource(
            data=base64.b64encode(Path(resource.path).read_bytes()), mimetype=resource.mimetype
        )
