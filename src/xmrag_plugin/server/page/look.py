"""The page's colours and type, as a theme of Gradio: those of the demo, light and dark, with the system's fonts."""

from __future__ import annotations

from typing import Any

import gradio as gr

__all__ = ["theme"]

_LIGHT = {
    "ground": "#f5f3ee",
    "card": "#ffffff",
    "ink": "#1b2a33",
    "quiet": "#56656f",
    "line": "#ddd8cc",
    "accent": "#0f6e79",
    "on-accent": "#ffffff",
    "deep": "#0b565f",
    "soft": "#e3f1f1",
    "doubt": "#a3461a",
}
_DARK = {
    "ground": "#11191f",
    "card": "#1a252d",
    "ink": "#e6edf0",
    "quiet": "#9db0ba",
    "line": "#31424d",
    "accent": "#62c6cf",
    "on-accent": "#08171a",
    "deep": "#8bd8df",
    "soft": "#1d3a40",
    "doubt": "#f0a36f",
}
_VARIABLES = {
    "body_background_fill": "ground",
    "body_text_color": "ink",
    "body_text_color_subdued": "quiet",
    "background_fill_primary": "card",
    "background_fill_secondary": "ground",
    "border_color_primary": "line",
    "border_color_accent": "accent",
    "color_accent_soft": "soft",
    "block_background_fill": "card",
    "block_border_color": "line",
    "block_label_background_fill": "card",
    "block_label_border_color": "line",
    "block_label_text_color": "quiet",
    "block_title_text_color": "ink",
    "block_info_text_color": "quiet",
    "panel_background_fill": "ground",
    "panel_border_color": "line",
    "input_background_fill": "card",
    "input_background_fill_focus": "card",
    "input_border_color": "line",
    "input_border_color_focus": "accent",
    "input_placeholder_color": "quiet",
    "button_primary_background_fill": "accent",
    "button_primary_background_fill_hover": "deep",
    "button_primary_border_color": "accent",
    "button_primary_text_color": "on-accent",
    "button_secondary_background_fill": "card",
    "button_secondary_background_fill_hover": "soft",
    "button_secondary_border_color": "line",
    "button_secondary_text_color": "ink",
    "link_text_color": "accent",
    "link_text_color_hover": "deep",
    "link_text_color_visited": "accent",
    "link_text_color_active": "accent",
    "checkbox_background_color": "card",
    "checkbox_background_color_selected": "accent",
    "checkbox_border_color": "line",
    "checkbox_border_color_selected": "accent",
    "checkbox_label_background_fill": "card",
    "checkbox_label_background_fill_hover": "soft",
    "checkbox_label_background_fill_selected": "soft",
    "checkbox_label_border_color": "line",
    "checkbox_label_border_color_selected": "accent",
    "checkbox_label_text_color": "ink",
    "checkbox_label_text_color_selected": "ink",
    "slider_color": "accent",
    "loader_color": "accent",
    "code_background_fill": "soft",
    "table_border_color": "line",
    "table_text_color": "ink",
}


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
    values: dict[str, str] = {
        "block_shadow": "none",
        "block_shadow_dark": "none",
        "button_primary_shadow": "none",
    }
    for variable, colour in _VARIABLES.items():
        values[variable] = _LIGHT[colour]
        values[f"{variable}_dark"] = _DARK[colour]
    base = base.set(**values)
    base.custom_css = "\n".join(
        f"{selector} {{ {' '.join(f'--xm-{name}: {value};' for name, value in colours.items())} }}"
        for selector, colours in ((":root", _LIGHT), (".dark", _DARK))
    )
    return base
