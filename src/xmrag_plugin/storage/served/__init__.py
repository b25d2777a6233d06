"""A knowledge base on servers: vectors in Chroma, everything else in Postgres, media on any fsspec path."""
