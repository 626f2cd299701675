"""Sphinx configuration. The build needs no network; warnings are errors (see .ci/run)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import nadamkit

project = "nadamkit"
author = "nadamkit developers"
copyright = "2026, nadamkit developers"
version = release = nadamkit.__version__

extensions = [
    "benchmarks",
    "mathml",
    "dialects",
    "methods",
    "myst_parser",
    "numpydoc",
    "scoreboard",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
]
exclude_patterns = ["_build", "generated/benchmarks", "generated/scoreboard.md"]

autosummary_generate = True
numpydoc_show_class_members = False
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"nadamkit {release}"
html_show_sourcelink = False
# Their tables are wide, and they have no pages below them.
html_sidebars = {"auto": [], "benchmarks": [], "conformance": [], "solving": []}
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
