"""Ingestion on Ray Data: what reads, recognises and embeds runs on the workers of a cluster, or of this machine.

::

    files ─ read ─▶ elements, pictures ─ OCR ─▶ words ─ embed ─▶ vectors ─▶ this process: nodes, Chroma, catalog
            any node that sees the file  any node       GPUs, or any node

The stages are the local engine's own functions (:mod:`~xmrag_plugin.ingestion.read`, ``picture_words``, ``nodes``,
``write``). This process alone writes, and in the order of the sources, by the same code as ever: it takes over the
vectors that it finds made and makes those that are missing. So a step that Ray does twice, or not at all, changes
nothing.
"""
