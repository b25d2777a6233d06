"""The shell of a page that stands alone: it loads nothing, runs nothing, and follows the reader's light or dark."""

from __future__ import annotations

import html

__all__ = ["html_page"]

_STYLE = """
:root { color-scheme: light dark; --ground: #f5f3ee; --card: #ffffff; --ink: #1b2a33; --quiet: #5c6b75;
  --line: #e0dcd2; --accent: #0f6e79; --soft: #e3f1f1; --doubt: #b3541e; }
@media (prefers-color-scheme: dark) { :root { --ground: #11191f; --card: #1a252d; --ink: #e6edf0;
  --quiet: #9db0ba; --line: #2b3a44; --accent: #62c6cf; --soft: #1d3a40; --doubt: #f0a36f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 17px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
main, header, footer { max-width: 46rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 3rem; padding-bottom: .5rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .6rem; letter-spacing: -.01em; }
header p { color: var(--quiet); margin: 0; }
article { background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 1.5rem 1.75rem; margin: 1.75rem 0; }
.shows { color: var(--accent); font-size: .82rem; font-weight: 600; margin: 0 0 .35rem; }
h2 { font-size: 1.3rem; line-height: 1.35; margin: 0 0 1rem; }
.xmrag-answer p { margin: 0 0 .8rem; overflow-wrap: anywhere; }
.xmrag-answer a { color: var(--accent); text-decoration: none; font-weight: 600; font-size: .85em; }
.xmrag-answer a:hover, .xmrag-answer a:focus-visible { text-decoration: underline; }
.xmrag-answer a.xmrag-doubt { color: var(--doubt); }
figure { margin: 1.1rem 0; }
figure img { display: block; width: auto; margin: 0 auto; border-radius: 10px; border: 1px solid var(--line);
  background: #ffffff; }
figcaption { color: var(--quiet); font-size: .87rem; text-align: center; margin-top: .5rem; }
.xmrag-sources { border-top: 1px solid var(--line); margin: 1.1rem 0 0; padding: .9rem 0 0 !important;
  font-size: .87rem; color: var(--quiet); }
.xmrag-sources li { margin: .3rem 0; overflow-wrap: anywhere; }
.xmrag-sources li:target { background: var(--soft); border-radius: 6px; }
.abstained { background: var(--soft); }
footer { color: var(--quiet); font-size: .87rem; padding-bottom: 3rem; }
@media (max-width: 30rem) { body { font-size: 16px; } article { padding: 1.1rem; } h1 { font-size: 1.6rem; } }
"""


def html_page(title: str, summary: str, body: str, footer: str, *, style: str = "") -> str:
    """Return a whole HTML page.

    Args:
        title: Its name, as text.
        summary: A line below it, as text.
        body: HTML of its main part.
        footer: HTML of its last line.
        style: CSS beside that of every page.
    """
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{html.escape(title)}</title>
<style>{_STYLE}{style}</style>
</head>
<body>
<header>
<h1>{html.escape(title)}</h1>
<p>{html.escape(summary)}</p>
</header>
<main>
{body}
</main>
<footer><p>{footer}</p></footer>
</body>
</html>
"""
