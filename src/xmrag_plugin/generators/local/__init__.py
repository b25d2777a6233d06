"""Generators that run in this process: checkpoints on disk, where they fit, loading and running them.

The LlamaIndex classes are in :mod:`xmrag_plugin.generators`; this folder holds what they share.
Nothing here imports torch or transformers before a model is loaded.
"""
