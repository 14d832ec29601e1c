"""The colours of the tool, named once: charts, diagrams, PDFs, stylesheet and report take them from here.

Contrasts (WCAG) are on the page and on the panel; ``RULE`` and ``PANEL`` are decoration only.
"""

LIGHT = {
    "page": "#ffffff",
    "ink": "#212b32",  # 14.4 and 13.0, AAA
    "muted": "#4c6272",  # 6.4 and 5.8, AA
    "accent": "#005eb8",  # 6.4 and 5.8, AA; the page's colour on it 6.4
    "warm": "#a84300",  # 6.1 and 5.5, AA
    "rule": "#d8dde0",
    "panel": "#f0f4f5",
}
DARK = {
    "page": "#14191d",
    "ink": "#e3e8ec",  # 14.3 and 12.1, AAA
    "muted": "#a7b6c2",  # 8.5 and 7.2, AAA
    "accent": "#7ab8f5",  # 8.4 and 7.1, AAA; the page's colour on it 8.4
    "warm": "#f2a66f",  # 8.8 and 7.4, AAA
    "rule": "#3a464f",
    "panel": "#20282e",
}
PAGE, INK, MUTED, ACCENT = LIGHT["page"], LIGHT["ink"], LIGHT["muted"], LIGHT["accent"]
WARM, RULE, PANEL = LIGHT["warm"], LIGHT["rule"], LIGHT["panel"]

# What a drawing on a page names instead of a light colour, so that it follows the theme: the stylesheet's
# custom property, with the light colour where there is no stylesheet (in JupyterLab). Ink is the text's own.
THEMED = {colour: f"var(--stp-{name}, {colour})" for name, colour in LIGHT.items()}
THEMED |= dict.fromkeys((INK, "#000000"), "currentColor")
