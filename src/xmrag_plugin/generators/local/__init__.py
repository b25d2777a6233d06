"""Generators that run in this process: checkpoints on disk, where they fit, loading and running them.

The LlamaIndex faces stand in :mod:`xmrag_plugin.generators`; this floor holds what they share.
Nothing here imports torch or transformers before a model is loaded.
"""
