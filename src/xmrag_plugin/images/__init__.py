"""Pictures: decoding, intake from callers, resizing, similarity, drawings and metafiles."""
