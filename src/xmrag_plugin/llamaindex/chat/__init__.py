"""Conversations: turns, follow-ups and the memory that keeps pictures."""
