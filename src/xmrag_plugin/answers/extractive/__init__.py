"""Answers without a model: quotations chosen from the retrieved context."""
