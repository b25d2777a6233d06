"""What is on a PDF page: words, lines, blocks, tables, figures, in reading order.

PDFium does the parsing and rendering; everything here is geometry
over its character list and page objects, after it has been brought to points from the top left of the
page as shown.
"""
