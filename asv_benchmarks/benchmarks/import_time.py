"""How long `import nadamkit` takes, each time in a new process."""


def timeraw_import_nadamkit() -> str:
    return "import nadamkit"


def timeraw_import_nadamkit_minimize() -> str:
    return "import nadamkit; nadamkit.minimize"


def timeraw_import_scipy_optimize() -> str:
    """What has to be subtracted: nadamkit needs it in any case."""
    return "import scipy.optimize"
