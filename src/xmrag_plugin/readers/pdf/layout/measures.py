"""All thresholds of the page layout, in units of the body's type size.

A page is laid out in units of which :data:`EM` make the size of its document's body text, so that a slide of 1,920
points and a page of A6 that are the same drawing read alike. A length below is written as so many ``EM``; what is
named a share is a share of 1. Numbers without either word count things.
"""

from __future__ import annotations

EM = 10.0
"""Layout units in the size of body text: boxes on a page are in tenths of it."""

# Type and words -----------------------------------------------------------------------------------
EMPTY_PAGE_EM_SHARE = 0.0142  # body size to the root of the page's area, where there is no text: 10 pt on A4
LEGIBLE_SHARE = 0.0015  # the same ratio below which nobody reads type: 1 pt on A4
BODY_SPREAD = 0.025  # sizes that differ by so little are one size
ASCENT, DESCENT = 0.78, 0.22  # of the type size, above and below the baseline
ASLANT_QUARTERS = 0.11  # quarter turns off the axes from which a baseline runs aslant: ten degrees
WORD_GAP_ALONG, WORD_GAP_ACROSS = 0.9, 0.6  # type sizes between letters that part words
TYPE_CHANGE = 0.12  # change of a letter's height that begins another run of type
SHADOW_OFF = 0.02  # of a letter's height, by which its shadow lies off its baseline: no letter after it does
SIZE_TO_BOX = (0.4, 2.5)  # a size outside of these shares of the letter's height is not to be believed
BOX_TO_SIZE = 0.85
COLUMN_OF_GLYPHS = 1.5  # height to width from which ideographs one below another are set vertically
# A superscript is no larger, and stands at least so high, in sizes before it:
RAISED_SIZE, RAISED_BASE = 0.88, 0.2
INITIAL_SIZE = 1.8  # sizes of the text that a large initial begins, at least
NUMBER_MARGIN, NUMBER_ALIGNED = 2 * EM, 0.4 * EM  # how wide the column of line numbers is, how even its edge
MIN_NUMBERED_LINES, MIN_NUMBERED_ROW = 5, 24  # lines, and characters in each: rows of tables are shorter
RUNNING_ON_SHARE = 0.4  # of the rows beside line numbers: they go on in the sentence of the row above
TOUCHING = 0.04  # type sizes: nothing, in the precision of widths
GLUED = 0.15  # type sizes: no space between words is so narrow
SET_SOLID = 0.6  # type sizes between ideographs of one word
# An underscore that is drawn, in type sizes: its width, its thickness, its middle above and below the baseline, and
# the space at each end. Wider ones are looked at up to so many body sizes, on a page with up to so many short rules.
UNDERSCORE_WIDTH, UNDERSCORE_THICKNESS, UNDERSCORE_LEVEL, UNDERSCORE_GAP = (
    (0.2, 0.65),
    0.16,
    (0.05, 0.3),
    0.15,
)
MAX_UNDERSCORE, MAX_UNDERSCORES = 3.0, 2000
# A bullet that is drawn: its sides, longer to shorter; in type sizes of its item, its height, the space up to the item, its middle above
# the baseline; how far before it, in sizes of the body, nothing stands; how many below one another.
BULLET_SIDE, BULLET_HEIGHT, BULLET_GAP, BULLET_LEVEL = (0.15 * EM, 1.3 * EM), 1.2, (0.15, 3.0), 0.33
BULLET_SHAPE, BULLET_REACH, MAX_BULLETS, TICK_SHARE = (
    1.6,
    2.0,
    200,
    0.4,
)  # share of a box that a tick in it takes

# What a reader sees ---------------------------------------------------------------------------------
OFF_PAGE = 0.2 * EM  # a word may hang over the edge by so much
SEEN_CONTRAST = 14  # grey levels, of 255, between a letter and its ground
GROUND_LIKE = 12  # levels of a colour channel within which type and ground are one colour
COVERED_SHARE = 0.6  # of a word's box under something opaque drawn later
LOOK_PIXELS = 1.5  # pixels per point at which a doubtful page is looked at
MAX_LOOK_PX = 2000
STRIP = 1.6 * EM  # height of the strips by which things on a page are found
WATERMARK_SIZE = 1.8  # of the usual size, from which words set aslant are a watermark
MAIN_DIRECTION_SHARE = 0.6  # of the letters that must run one way for the page to be turned that way

# Pictures and paths ---------------------------------------------------------------------------------
INLINE_PICTURE = 4.0 * EM  # a picture no taller may stand within a line
TILE_GAP = 0.12 * EM  # tiles of one picture stand no further apart
TILE_FILL = 0.97  # share of a rectangle that its tiles fill
WHOLE_PICTURE_SHARE = 0.97  # of a picture's area, from which nothing of it counts as clipped
WHITE = 250  # level of a colour that is none on paper
MAX_RULE = 0.3 * EM  # thickness up to which a shape is a rule
MAX_SLANT = 0.08 * EM  # an upright or level line may be off by so much
MIN_SIDE = 0.2 * EM  # shorter sides of a path rule nothing
UNCLIPPED_TEXT_SHARE = 0.9  # of a text object's box, below which it is looked at

# Lines ------------------------------------------------------------------------------------------------
EDGE = 0.2 * EM  # edges that differ by so little are one edge
SAME_SIZE = 0.03 * EM  # sizes that differ by so little are one size
LINE_GAP = 1.1  # type sizes: the widest space within a line
WORD_OVERLAP = 0.5  # type sizes that a word may reach back over the one before
SHARED_HEIGHT = 0.5  # share of the lower box's height that boxes of one row share
RUN_GAP, RUN_OVERLAP = 0.7, 0.3  # type sizes between runs of one line that were drawn apart
SAME_LINE_BASE = 0.45  # type sizes between the baselines of such runs
SAME_BASE = 0.2  # type sizes between baselines that are one
JUSTIFIED_GAP = (0.77, 3.5)  # type sizes of a space that justification made
LED_GAP = 8.0  # type sizes between dots and the number that they lead to
INLINE_HEIGHT = 3.0  # type sizes: the tallest picture within a line
# Type sizes: nearest and furthest baseline of the next line, slack, end of search:
BRIDGE_LEADING = (0.4, 2.0, 0.4, 2.5)

# Scans and fonts without a map --------------------------------------------------------------------------
SCAN_SHARE = 0.55  # of a page under one picture, from which the picture may be the page
MAX_CHARACTERS_ON_SCAN = 40  # of visible text on a page that is a scan
MAX_CHARACTERS_STAMPED = 200  # of what was stamped in the margins of one besides
MIN_CHARACTERS, MIN_GLYPH_SHAPES = 10, 200  # fewer letters and more shapes: text drawn as outlines
# Characters without meaning, and their share, from which a font says nothing:
MIN_FAULTY, FAULTY_SHARE = 6, 0.3
# Letters of a font without a map; share of frequent ones from which it is read:
MIN_UNMAPPED, FREQUENT_SHARE = 12, 0.42
MIN_JUDGED, VOWEL_SHARE = 120, 0.2  # letters of a font with a map; share of vowels below which it is wrong
UNREAD_SHARE = 0.6  # of a page's letters that cannot be read, from which OCR reads all of it
MIN_OCR_CONFIDENCE = 0.7  # of a heading set as a picture
MIN_TURNED_CHARACTERS, STANDING, UPWARDS_SHARE = 4, 1.5, 0.8  # of lines by which a scan's turn is told
USUAL_HEIGHT = (0.7, 1.35)  # heights of OCR boxes, to the usual one, that are one size of type
OCR_BOX_TO_SIZE = 0.8
OCR_WORD_GAP = 0.5  # type sizes: the widest space between words of a line that OCR read as one
STRIP_HEIGHT, MIN_STRIP, STRIP_SHAPE = (0.7 * EM, 4.2 * EM), 4.5 * EM, 2.5  # of a heading set as a picture
OUTLINE_HEIGHT = (0.35 * EM, 4.2 * EM)  # of letters that are drawn as outlines
# Widths of one to its height: the widest, the usual one; path segments of a letter where a path is a word:
LETTER_WIDTH, USUAL_LETTER_WIDTH, LETTER_SEGMENTS = 1.6, 0.7, 7
OUTLINE_SPACE, OUTLINE_LEADING = (
    1.2,
    1.0,
)  # heights of a row between its letters, and between rows read at once
OUTLINE_BASE, OUTLINE_MARGIN = 0.15, 0.35  # heights about a row's baseline, and around it: descenders, commas
CAPITAL = 0.72  # type sizes: height of capitals, figures and tall letters
MIN_ROW_LETTERS, MIN_OUTLINED, MAX_OUTLINED = 4, 12, 4000  # of a row, and of a page (more are a map)
STRIP_LEVEL, STRIP_GAP = 0.3 * EM, (-2.0 * EM, 0.8 * EM)  # between pieces of one such heading

# Captions -----------------------------------------------------------------------------------------------
CAPTION_REACH = 4.8 * EM  # from a caption to what it names, above or below
CAPTION_REACH_BESIDE = 4.8 * EM  # and beside it
CAPTION_OVERLAP = 0.8 * EM  # that the two may overlap by
CAPTION_SHARED = 0.3  # share of the narrower one's width that they stand in line over
HABIT_COST = 0.5 * EM  # for the side on which the document does not set its captions
KIN_COST = 3.0 * EM  # for a table under the label of a figure, and the reverse
ALIGNED_COST = 0.02  # for each unit that their edges and middles are off
MAX_VOTES = 4.0  # captions on one side that outweigh all others
PANEL_BESIDE, PANEL_ACROSS, PANEL_DOWN = 1.2 * EM, 7.0 * EM, 3.6 * EM  # between panels of one figure
WALL_GAP = 0.4 * EM  # nothing stands in a space as small
WALL_SHARE = 0.3  # of a text's area between a caption and a thing, which parts them
WALLED_PANEL_SHARE = 0.2  # of a text's area between two panels, which parts them

# Tables ---------------------------------------------------------------------------------------------------
MOST = 0.6  # share that most of something is
RIGHT_TO_LEFT_SHARE = 0.4  # of a table's letters, from which its columns go from right to left
ROW_BASE = 0.45  # type sizes between baselines of one row
CHUNK_GAP = 0.62  # type sizes: the widest space within a cell
# Type sizes about signs of currency, brackets, percents:
CURRENCY_GAP, SYMBOL_GAP, CLOSING_GAP = 0.2, 9.0, 1.5
FEW_ROWS = 8  # rows up to which headings over several columns weigh too much
BRIDGING_SHARE = 0.13  # of the rows, which may bridge the space between columns
COLUMN_GAP = 0.35  # type sizes: the narrowest space between columns
HEADING_WIDTH = 1.3  # widths of a column from which words over it are a heading over several
CUT_GAP = (0.2, 0.4)  # type sizes at which words fall into two columns, in rows with figures and in others
COLUMN_EDGE = 0.1 * EM  # a word may reach over a column's edge by so much
TWO_EDGES_GAP = 2.5  # type sizes between columns of figures that are one column set at two edges
MAX_GRID = (400, 60)  # rows and columns of a grid
MAX_GRID_RULES = 1500
GRID_EDGE = 0.3 * EM  # rules so close are one edge of a grid
GRID_TOUCH = 0.4 * EM  # rules so close touch
MERGED_LEADING, MAX_SPREAD = (
    0.6,
    120,
)  # heights between lines of a cell merged over rows; characters told in each
CELL_GROWTH, CELL_SPARE = 1.3, 40  # a cell's height by that of the picture in it
MIN_FILLED, MIN_FILLED_SHARE = 3, 0.25  # cells of a grid with words, and their share
# A grid of fewer and longer cells is a page set in ruled columns:
MAX_TEXT_CELLS, MAX_CELL_CHARACTERS = 12, 180
FINER_ROWS = 1.5  # rows of text to rows of a grid, up to which its text may show more columns
INSIDE_SHARE = 0.6  # of a line's box within a table's
MIN_TABLE_RULE = 6.0 * EM  # length of a rule that a table may begin with
RULE_ENDS = 0.6 * EM  # rules of one table end so close
RULE_STEP = 0.3 * EM  # rules nearer than that are one, drawn twice
RULE_MARGIN = (0.4 * EM, 0.6 * EM)  # text may reach over a table's rules by so much: a band's, a table's
CROSSED = 3.0 * EM  # text that reaches so far into a band, and mostly out of it, crosses its side
RUNNING_ROWS, RUNNING_SHARE, RUNNING_WORDS = (
    10,
    0.8,
    5,
)  # prose in columns between two rules: its lines, pieces, words
WORDY, SEVERAL_SHARE = 70, 0.4  # characters of a row that is prose; share of the rows with more than one cell
MIN_REGION_RULE, REGION_REACH = 8.0 * EM, 3.6 * EM  # of a region between rules beside a caption
PAGE_BODY = (0.09, 0.93)  # share of the page's height between running header and footer
MAX_ROW_STEP = 3.2  # type sizes between rows of one table
PITCH = 1.4  # steps between the rows of a table, from which a line is apart from them
MAX_SINGLES, SINGLE_CHARACTERS = 2, (80, 140)  # rows of one cell within a table, and how long they are
CELL_PROSE = (45, 6)  # characters and words of a cell that is prose
BULLET_CHARACTERS = 3  # what stands before a list's item is no longer
MIN_ROWS, MIN_WORDY_ROWS = 3, 4  # rows of a table without rules, of figures and of words
FIGURES_SHARE, FEW_FIGURES_SHARE = 0.5, 0.3  # of the cells beyond the first column
SHORT_CELL, FILLED_ROWS = 25, 1.5  # characters of most cells, and cells a row, in a table of words
# Characters of a paragraph's line; lines that end so close have one edge:
PARAGRAPH_LINE, ONE_EDGE = 45, 0.3 * EM
LABEL_LINE, LONG_LINE = 100, 30  # characters of a row's label beside a table; of a justified line
MIN_SHARED_RULE = 2.0 * EM  # of a rule within a table
SAME_TABLE_EDGE = 1.0 * EM  # edges of two parts of one table are so close
DOUBLE_RULE = 0.5  # type sizes between two parts of one table that rules part
OVERLAP_SHARE = 0.1  # of a table's area under another one, from which the two are one
CHART_REACH = (1.4 * EM, 0.2 * EM)  # a table so close to a chart, of few rows and of more, is its lettering
ROW_INDENT = 3.0 * EM  # of rows under one that names their group
HEAD_STEP = 1.0  # type sizes between a table and its column heads
# Of the rows with more than one cell: named by a caption, or not:
CAPTIONED_FILLED_SHARE, FILLED_SHARE = 0.05, 0.4
MAX_HEADING_ROWS = 5

# Blocks and reading order --------------------------------------------------------------------------------
LEADING = 1.25  # type sizes from line to line where too few lines tell
MAX_LEADING = 2.2  # type sizes to the next line of one block
LEADING_SLACK = (1.18, 0.1 * EM)  # of a block's own leading: as a factor, and at least
# A document typed on a machine: share of fixed type, sizes of a space or an even edge, ragged share, letters of prose:
TYPEWRITTEN_SHARE, TYPEWRITTEN_EDGE, TYPEWRITTEN_RAGGED, TYPEWRITTEN_LETTERS = 0.85, 1.4, 0.25, 0.9
LISTING_STEP, LISTING_INDENT = (
    (1.3, 2.4),
    6.0 * EM,
)  # of a listing: leadings to its next line, further one, indent
INNER_MARK_GAP = 0.5  # type sizes between an "o" that is a mark and its item
MARK_GAP = 3.0  # type sizes between a list's mark and its text
SIZE_RATIO = 1.15  # of sizes within one block
LINE_SHARED = 0.3  # of the narrower line's width that lines of one block share
ENDS_SHORT, INDENTED, OUTDENTED, FLUSH = 2.5, 0.8, 0.3, 0.5  # type sizes about the edges of a paragraph
OPEN_BLOCK = 6.0 * EM  # a block goes on no further down
# Lines that tell a leading:
MIN_LEADING_CHARACTERS, MIN_LEADINGS, LEADING_STEP, LEADING_SHARE = 12, 6, 0.05, 0.4
MIN_LEADING = 0.8
MIN_LABELLED, LABEL_WIDTH, LABEL_HEIGHT = (
    3,
    12.0 * EM,
    2.4 * EM,
)  # entries of a list with labels beside; each label
LABELLED_GAP, LABELLED_HEIGHT = 0.8 * EM, 5.0 * EM  # between its rows; of each
COLUMN_SPACE = 0.3 * EM  # white space that parts columns
TOUCHING_SHARE = 0.15  # of a line's height that may overlap the next one's
CENTRED, TITLE_STEP = 0.5 * EM, 1.2  # axes of a title's lines are so close; type sizes between them
MIN_CONTINUED = 60  # characters of a paragraph that goes on in the next column
LIST_STEP = (-0.3 * EM, 2.0 * EM)  # between items of one list

# Headings -------------------------------------------------------------------------------------------------
HEADING_SIZES = (1.15, 1.35, 1.7)  # to the body's, from which a block is a heading of level 3, 2 and 1
UNENDED_SIZE = 1.4  # to the body's, below which a line that ends in a comma is no heading
PLAIN_SIZE = 0.95  # to the body's, from which a bold or numbered line may be a heading
MAX_HEADING_LINES, MAX_HEADING, MAX_PLAIN_LINES, MAX_PLAIN = 4, 200, 2, 110  # lines and characters
MIN_HEADING_LETTERS, MIN_CAPITALS, LETTER_SHARE = 2, 4, 0.4

# Headers and footers, as shares of the page's height and width ----------------------------------------------
MARGIN = 0.12  # of the page's height, in which they stand
NUMBER_MARGIN, LONE_MARGIN = 0.085, 0.08  # nearer to the edge: page numbers, and lines seen on one other page
SAME_HEIGHT, SAME_NUMBER_HEIGHT, SAME_START, MIRRORED = 0.012, 0.02, 0.03, 0.35
MIN_ROW_CELLS, ALIGNED, CELL_GAP = 3, 0.3 * EM, 0.7  # of a table's row at the edge of a page
MAX_MASKED_ROMAN = 12  # characters of a line in which Roman letters may be a number

# Ruling lines ---------------------------------------------------------------------------------------------
BACKGROUND_SHARE = 0.8  # of the page under one shape
MIN_RULE, MIN_CURVE = 0.4 * EM, 0.8 * EM
MIN_DASHES, MAX_DASHES, DASHED_RULE = 12, 20_000, 2.0 * EM  # of rules both ways; length of one that is dashed
# Pieces of one rule: apart across it, along a level or upright one:
RULE_OFF, RULE_PIECES = 0.15 * EM, (0.2 * EM, 0.6 * EM)
UNDERLINE = (-0.9, 0.4, 0.98)  # type sizes above and below the baseline; share of the line's width
WORD_EDGE = 0.3 * EM  # an underline or a marker begins so close to a word
MARKER_HEIGHT, MARKER_OFF = 1.6, 0.5  # type sizes of a marker's stroke behind a line

# Figures ----------------------------------------------------------------------------------------------------
MIN_PICTURE = 1.4 * EM
UNDERLAY_SHARE = 0.45  # of the page under one picture, which text may stand on
TOUCH = 0.6 * EM  # shapes of one figure reach so far
# Between parts of one figure, and panels in a row:
FIGURE_ACROSS, FIGURE_DOWN, PANEL_ROW = 4.0 * EM, 3.2 * EM, 9.0 * EM
CORNER = 1.2 * EM  # parts that are off both ways are no further off
LEVEL_SHARE = 0.6  # of their height that panels in a row share
MAX_SHAPES, SHAPE_CELL = 2000, 0.4 * EM  # more shapes are thinned out to one in a cell
SEAMLESS, FRAME_SHARE = 0.95, 0.7  # share of a box that pictures fill; of a picture that its frame covers
LAID_OVER, ALIKE_SIZES, MAX_LAID_OVER = 0.3, 6.0, 600.0 * EM * EM  # pictures laid over one another
SWALLOWED = 0.6  # share of a box within another one, which then counts as within
WALLED = 0.25  # of a text's area between parts, which keeps them apart
RULE_REACH, RULE_PROPORTION, RULE_SPARE = 0.4 * EM, 1.6, 2.0 * EM  # rules that belong to a figure
# Lettering around a drawing:
LABELS_AROUND, LABEL_REACH, LABEL_SPARE, TURNED_REACH = 4.5 * EM, 0.9, 0.5 * EM, 1.6 * EM
MAX_LABEL_ROUNDS, TURNED_HEIGHT, MAX_LABEL = 4, 1.2, 160
MIN_DRAWING = (4.0 * EM, 2.4 * EM, 24.0 * EM * EM)  # width, height and area of a drawing without a caption
MIN_NAMED_DRAWING = (2.4 * EM, 0.8 * EM)  # longer and shorter side of one that a caption may name
PROSE_SHARE = 0.3  # of a drawing under running text, from which it is a frame
MIN_PARTS, MIN_MARK, MIN_ART, MANY_ART, FEW_ART = 3, 0.5 * EM, 1.4 * EM, 40, 4
BAR_THICK, BAR_UNIT, BAR_LENGTH, BAR_GAP, BAR_EDGE, SHADE_ROW = (
    0.3 * EM,
    0.15 * EM,
    0.3 * EM,
    0.15 * EM,
    0.2 * EM,
    0.2 * EM,
)
SHADED_WIDTH, PALE, SHARED_EDGES = 0.8, 200, 0.5  # of the rows that fills shade; level of a pale colour
# Running text: small, one line, several:
SMALL_PRINT, PROSE_LENGTHS, PROSE_WORDS = 0.8, (200, 70, 90), (8, 9, 4.5)
# Text that a caption names:
MIN_TEXT_FIGURE, TEXT_REACH, TEXT_BESIDE, TEXT_STEP = 40, 2.2 * EM, 1.2 * EM, 0.3 * EM
PLAIN_TYPE, OWN_TYPE, DRAWN_TYPE, TITLE_TYPE = 0.93, 0.97, 1.2, 1.3  # sizes, to the body's
PANEL_RULE, PANEL_EDGE, PANEL_SLACK, PANEL_HEIGHT, PANEL_SIDE = (
    8.0 * EM,
    0.6 * EM,
    0.4 * EM,
    3.0 * EM,
    0.3 * EM,
)
PANEL_TEXT, PANEL_SHARE, PANEL_GROWTH = 1200, 0.7, (2.5, 12.0 * EM)
MIN_GALLERY = 3  # photographs with a name below each
NEAR_CAPTION, MAX_NEAR_LINES, NEAR_LENGTH, NEAR_SHARE, NEAR_OVERHANG = 1.8 * EM, 4, (4, 320), 0.7, 3.0 * EM
MIN_COLUMN_LINES, MIN_COLUMN_CHARACTERS, COLUMN_SHARE = 3, 22, 0.4  # of a block that tells a column of prose
GRID_ON_MARGIN, GRID_HEIGHT = 0.9, 0.2  # of a line within a grid; of the page that a grid takes
REPEATED_SHARE = 0.5  # of the pages around, on which a picture comes again
