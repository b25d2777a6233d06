"""LlamaIndex components: each works alone in an existing application."""
