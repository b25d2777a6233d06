"""What lies on disk: catalog, media, Chroma, manifest."""
