"""Running encoder models: sessions, precision, text limits, decoding ahead."""
