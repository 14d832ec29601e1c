"""The colours of the tool, named once: charts, diagrams, PDFs, stylesheet and report take them from here.

Contrasts (WCAG) are on the page and on the panel; ``RULE`` and ``PANEL`` are decoration only.

A colour and a form mean one thing in every chart, tile and badge, and the form says it without the colour:

- accent, filled (square, bar, diamond): signed off, earned, met: what counts;
- accent around a pale or empty form (circle, bar): with somebody for a decision: submitted, in review;
- warm (cross, triangle, bold words): somebody must act: returned, sign-off withdrawn, waiting too long,
  too few on a milestone's day; also warnings, and what an author picks out in a diagram;
- muted around an empty form: begun, open; dashed: not started; hatched: only a signature is missing;
- ink or muted, filled: a number that is no status, as of evidence; ink, dashed: what must still be submitted;
- an empty diamond: what a milestone requires; a thin dashed upright: the day of reading, or a limit.
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
CLEAR = {"facecolor": PAGE, "edgecolor": "none", "pad": 1}  # behind words: no line runs through them

# What a drawing on a page names instead of a light colour, so that it follows the theme: the stylesheet's
# custom property, with the light colour where there is no stylesheet (in JupyterLab). Ink is the text's own.
THEMED = {colour: f"var(--stp-{name}, {colour})" for name, colour in LIGHT.items()}
THEMED |= dict.fromkeys((INK, "#000000"), "currentColor")
