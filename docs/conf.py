"""Sphinx configuration. The build needs no network; warnings are errors (see .ci/run)."""

import os
import sys
import tomllib
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
    "optional",
    "scoreboard",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples", "generated/benchmarks", "generated/scoreboard.md"]
# A name that leads nowhere is a warning, and so an error.
nitpicky = True
nitpick_ignore_regex = [
    # Words of numpydoc's types, and classes of others, lead somewhere only with their indexes.
    ("py:.*", r"(?!nadamkit).*"),
    # What is named for those who read the source has no page.
    ("py:.*", r"nadamkit\.(coefficients|rules)\b.*"),
]

# Links into the documentation of NumPy, SciPy and Numba; their indexes come from the network.
if os.environ.get("NADAMKIT_DOCS_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "numba": ("https://numba.readthedocs.io/en/stable", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "python": ("https://docs.python.org/3", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
    }

autosummary_generate = True
# `name` links to what has this name, as numpydoc means it.
default_role = "autolink"
templates_path = ["_templates"]
autodoc_typehints = "none"
numpydoc_show_class_members = False
with open(Path(__file__).parents[1] / "pyproject.toml", "rb") as file:
    numpydoc_validation_checks = set(tomllib.load(file)["tool"]["numpydoc_validation"]["checks"])
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
copybutton_exclude = ".linenos, .gp, .go"

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_\w+\.py$",
    "ignore_pattern": r"peers\.py$",
    "abort_on_example_error": True,
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("nadamkit",),
    "reference_url": {"nadamkit": None},
    "show_signature": False,
    "download_all_examples": False,
    "copyfile_regex": r"peers\.py",
    "write_computation_times": False,
}

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"nadamkit {release}"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["nadamkit.css"]
# Their tables are wide, and they have no pages below them.
html_sidebars = {page: [] for page in ("benchmarks", "conformance", "index", "solving", "start")}
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navigation_with_keys": False,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "show_prev_next": False,
}
