"""Readers of pictures, drawings, sound, video and transcripts."""
