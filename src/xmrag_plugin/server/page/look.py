"""The page's colours and type, as a theme of Gradio: those of the demo, light and dark, with the system's fonts."""

from __future__ import annotations

from typing import Any

import gradio as gr

__all__ = ["theme"]

_LIGHT = {
    "ground": "#f5f3ee", "card": "#ffffff", "ink": "#1b2a33", "quiet": "#56656f", "line": "#ddd8cc",
    "accent": "#0f6e79", "on-accent": "#ffffff", "deep": "#0b565f", "soft": "#e3f1f1",
    "doubt": "#a3461a",
}  # fmt: skip
_DARK = {
    "ground": "#11191f", "card": "#1a252d", "ink": "#e6edf0", "quiet": "#9db0ba", "line": "#31424d",
    "accent": "#62c6cf", "on-accent": "#08171a", "deep": "#8bd8df", "soft": "#1d3a40",
    "doubt": "#f0a36f",
}  # fmt: skip
_VARIABLES = {
    "ground": "body_background_fill background_fill_secondary panel_background_fill",
    "ink": """
        body_text_color block_title_text_color button_secondary_text_color checkbox_label_text_color
        checkbox_label_text_color_selected table_text_color
    """,
    "quiet": "body_text_color_subdued block_label_text_color block_info_text_color input_placeholder_color",
    "card": """
        background_fill_primary block_background_fill block_label_background_fill input_background_fill
        input_background_fill_focus button_secondary_background_fill checkbox_background_color
        checkbox_label_background_fill
    """,
    "line": """
        border_color_primary block_border_color block_label_border_color panel_border_color
        input_border_color button_secondary_border_color checkbox_border_color
        checkbox_label_border_color table_border_color
    """,
    "accent": """
        border_color_accent input_border_color_focus button_primary_background_fill
        button_primary_border_color link_text_color link_text_color_visited link_text_color_active
        checkbox_background_color_selected checkbox_border_color_selected
        checkbox_label_border_color_selected slider_color loader_color
    """,
    "soft": """
        color_accent_soft button_secondary_background_fill_hover checkbox_label_background_fill_hover
        checkbox_label_background_fill_selected code_background_fill
    """,
    "deep": "button_primary_background_fill_hover link_text_color_hover",
    "on-accent": "button_primary_text_color",
}
"""The variables of Gradio's theme that have each colour."""


def theme() -> Any:
    """Return the theme: nothing of it is fetched."""
    system = [
        "system-ui",
        "-apple-system",
        "Segoe UI",
        "Roboto",
        "Noto Sans",
        "Noto Sans CJK SC",
        "sans-serif",
    ]
    base = gr.themes.Base(
        text_size=gr.themes.sizes.text_lg,
        radius_size=gr.themes.sizes.radius_lg,
        font=system,
        font_mono=["ui-monospace", "Consolas", "monospace"],
    )
    values: dict[str, str] = dict.fromkeys(
        ("block_shadow", "block_shadow_dark", "button_primary_shadow"), "none"
    )
    for colour, variables in _VARIABLES.items():
        for variable in variables.split():
            values[variable] = _LIGHT[colour]
            values[f"{variable}_dark"] = _DARK[colour]
    base = base.set(**values)
    base.custom_css = "\n".join(
        f"{selector} {{ {' '.join(f'--xm-{name}: {value};' for name, value in colours.items())} }}"
        for selector, colours in ((":root", _LIGHT), (".dark", _DARK))
    )
    return base
