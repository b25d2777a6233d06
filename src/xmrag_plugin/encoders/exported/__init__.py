"""Models of moderate size on onnxruntime, exported once: asking them loads neither torch nor transformers.

What sentence-transformers loads (see ``sentence_transformer``) is traced on a machine without an
accelerator to a graph for texts and, for dual encoders, one for pictures; see ``exporting``. They are held
against the model that they came from before they are used, and kept in the user's cache.
"""

from __future__ import annotations

from .encoder import ExportedEncoder, kept_encoder, place, suits

__all__ = ["ExportedEncoder", "kept_encoder", "place", "suits"]
