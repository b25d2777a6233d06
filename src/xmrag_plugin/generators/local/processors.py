"""Processors: what turns words and pictures into a model's inputs.

Many vision-language processors bring a part for videos that needs torchvision. Pictures do not, so
where torchvision is missing (or broken) the processor is put together without its video part.
"""

from __future__ import annotations

import inspect
import logging
from pathlib import Path
from typing import Any

from ...errors import MissingExtra, ModelUnsound

__all__ = ["load_processor"]

_log = logging.getLogger(__name__)


def load_processor(folder: Path, model_type: str) -> Any:
    """Load the processor of a checkpoint.

    Raises:
        ImportError: If it needs a package that is not installed, or one does not fit.
        ModelUnsound: If its files do not make a processor.
    """
    from transformers import AutoProcessor

    try:
        kind = _processor_class(model_type)
        if kind is not None and "video_processor" in kind.get_attributes() and not _has_torchvision():
            return _without_video(kind, folder)
        return AutoProcessor.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnsound(
            f"The processor of {folder} cannot be loaded: {_first_line(error)}",
            hint="The folder lacks processor or tokenizer files, or they are for another release of "
            "transformers; fetch the model again.",
        ) from error


def _processor_class(model_type: str) -> Any:
    import transformers
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

    name = PROCESSOR_MAPPING_NAMES.get(model_type)
    return getattr(transformers, name) if isinstance(name, str) else None


def _has_torchvision() -> bool:
    from transformers.utils import is_torchvision_available

    return bool(is_torchvision_available())


def _without_video(kind: Any, folder: Path) -> Any:
    """Return a processor of the given class whose list of parts leaves the video part out."""
    from transformers import AutoImageProcessor, AutoTokenizer
    from transformers.processing_utils import ProcessorMixin

    parts = [name for name in kind.get_attributes() if not name.startswith("video")]
    if parts != ["image_processor", "tokenizer"]:
        raise MissingExtra(
            f"{kind.__name__} needs torchvision, which is not installed.",
            hint="Install it with: pip install 'xmrag-plugin[local]'",
        )

    def get_attributes(cls: type) -> list[str]:
        return list(parts)

    pictures_only = type(
        kind.__name__,
        (kind,),
        {
            "get_attributes": classmethod(get_attributes),
            # the class's own method may ask the video part for its defaults
            "apply_chat_template": ProcessorMixin.apply_chat_template,
        },
    )
    settings, _ = kind.get_processor_dict(folder, local_files_only=True)
    accepted = inspect.signature(kind.__init__).parameters
    given = {
        "image_processor": AutoImageProcessor.from_pretrained(folder, local_files_only=True),
        "tokenizer": AutoTokenizer.from_pretrained(folder, local_files_only=True),
        "video_processor": None,
    }
    _log.debug("%s is put together without its video part, for want of torchvision", kind.__name__)
    return pictures_only(
        **given,
        **{name: value for name, value in settings.items() if name in accepted and name not in given},
    )


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
