"""Readers of office documents: Word, PowerPoint, Excel, OpenDocument, RTF."""
