"""SPEC.md and TOLERANCES.md say what the code says, wherever they repeat it.

``python -m tests.conformance.test_spec`` writes the tables that are made from the code anew.
"""

import json
import re
import tomllib
from dataclasses import fields, replace
from math import prod
from pathlib import Path

import pytest

from conformance import golden
from conformance.adapter import FEATURES
from conformance.case import FOLDER as CASES
from conformance.case import PAPER_SCHEDULE, load, stored
from conformance.dialects import table as dialect_table
from conformance.families import FAMILIES, FLAGS
from conformance.mutants import ALL
from conformance.reference import arithmetic, problems
from conformance.reference.family import METHODS, Knobs
from conformance.reference.methods import SCHEDULED, defaults
from conformance.reference.paper import ALGORITHMS
from conformance.reference.setting import Setting
from conformance.selftest import EXPECTED

FOLDER = Path(golden.__file__).parent
TEXTS = {name: (FOLDER / name).read_text(encoding="utf-8") for name in ("SPEC.md", "TOLERANCES.md")}
SCHEMA = json.loads((FOLDER / "schema/case.schema.json").read_text(encoding="utf-8"))
DIALECTS = json.loads((FOLDER / "dialects.json").read_text(encoding="utf-8"))


def table(*rows):
    head, *body = [tuple(str(cell) for cell in row) for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *body)) + "\n"


def code(names):
    return ", ".join(f"`{name}`" for name in names)


def number(x):
    """A double as people write it."""
    return f"{x:.4g}".replace("e-0", "e-")


def features(_):
    return table(("feature", "what it is"), *((code([k]), v) for k, v in FEATURES.items()))


def methods(_):
    """The hyperparameters that a method has are those its knobs have a use for."""
    rows = [("method", "in the paper", "slots", "mu", "nu", "eps", "mu_t")]
    for method, algorithm in ALGORITHMS.items():
        k, d = METHODS[method], defaults(method)
        used = {
            "mu": k.momentum != "none",
            "nu": k.norm in ("mean", "max"),
            "eps": k.norm != "none",
        }
        slots = [name for name in "mn" if {"m": k.momentum, "n": k.norm}[name] != "none"]
        where = algorithm.__doc__.partition("\n")[0].rstrip(".")
        momenta = "schedule" if method in SCHEDULED else "constant" if used["mu"] else "-"
        hyper = (number(d[name]) if used[name] else "-" for name in used)
        rows.append((code([method]), where, code(slots) or "-", *hyper, momenta))
    return table(*rows)


def schedule(mu_t):
    if mu_t in ("constant", PAPER_SCHEDULE):
        return "constant" if mu_t == "constant" else "paper"
    changed = {k: v for k, v in mu_t.items() if v != PAPER_SCHEDULE[k]}
    return ", ".join(f"{k} = {v}" for k, v in changed.items())


def dialects(_):
    head = ("dialect", "library", "version", "living", "method", "knobs", "mu_t")
    rows = [(*head, "eta", "mu", "nu", "eps")]
    for (name, method), d in dialect_table().items():
        about = DIALECTS[name]
        knobs = ", ".join(f"`{k}={v}`" for k, v in d.knobs.items()) or "-"
        who = (about["library"], about["version"] or "-", "yes" if d.living else "no")
        hyper = (number(d.hyper[k]) for k in ("eta", "mu", "nu", "eps"))
        shown = schedule(d.mu_t) if METHODS[method].momentum != "none" else "-"
        rows.append((code([name]), *who, code([method]), knobs, shown, *hyper))
    return table(*rows)


def notes(_):
    return "".join(f"- `{k}`: {d['note']}\n" for k, d in DIALECTS.items() if d.get("note"))


def families(_):
    rows = [("family", "what it is", "flags", "needs", "steps", "columns")]
    for name, family in FAMILIES.items():
        made = {method: family(method) for method in ALGORITHMS}
        (theirs,) = {", ".join(inputs["flags"]) for inputs in made.values()}
        needs = {method: inputs.get("needs", []) for method, inputs in made.items()}
        more = [need for need in needs["nadam"] if need not in needs["gd"]]
        needed = [code(needs["gd"])] * bool(needs["gd"])
        needed += [f"{code(more)} ({', '.join(SCHEDULED)})"] * bool(more)
        one = made["gd"]
        steps = one["checkpoints"][-1] - one.get("start", {}).get("t", 0)
        about = family.__doc__.partition("\n")[0].rstrip(".")
        cells = (code([name]), about, theirs, ", ".join(needed) or "-", steps, len(one["theta0"]))
        rows.append(cells)
    return table(*rows)


def flags(_):
    return table(("flag", "class of bug"), *FLAGS.items())


def misreadings(within):
    """The first three cells are written by hand, the others follow from the mutant."""
    known, found = {m.id: m for m in ALL}, tomllib.loads(EXPECTED.read_text(encoding="utf-8"))
    rows = [("line", "misread as", "mutant", "flag", "found by")]
    for line, misread, mutant, *_ in rows_of(within)[1:]:
        method, (flag, *_) = mutant.strip("`").split("/")[0], known[mutant.strip("`")].flags
        record = found[mutant.strip("`")]
        by = set.intersection(*(set(record[d]) for d in ("float32", "float64") if d in record))
        there = [f for f in FAMILIES if f in by and flag in FAMILIES[f](method)["flags"]]
        rows.append((line, misread, mutant, flag, code(there)))
    return table(*rows)


def growth(_):
    """Relative bounds in units of u, of one component."""
    case, points = load(CASES / "nadam/schedule-boundaries.json"), (1, 10, 120, 520)
    rows = [[g[0]] for g in case.gradients]
    case = replace(case, gradients=rows, theta0=[0.0], checkpoints=points, eta=0.002)
    made = golden.compute(case)
    names = ("theta", "step", "m", "n")
    shown = [("type", "profile", "field", *(f"t = {t}" for t in points))]
    for (dtype, profile), name in ((p, n) for p in arithmetic.PROFILES for n in names):
        relative = (
            float(made[t].bounds[dtype, profile][name][0] / abs(made[t].values[name][0]))
            for t in points
        )
        shown.append((dtype, profile, name, *(f"{x:.3g}" for x in relative)))
    return table(*shown)


PARTS = {
    "SPEC.md": (features, methods, dialects, notes, families, flags, misreadings),
    "TOLERANCES.md": (growth,),
}


def rows_of(text) -> list[list[str]]:
    """The rows of the first table in a text, without the line of dashes."""
    lines = re.search(r"(^\|.*\n)+", text, re.MULTILINE).group().splitlines()
    rows = [re.split(r"(?<!\\) ?\| ?", line)[1:-1] for line in lines]
    return [rows[0], *rows[2:]]


def around(word, text):
    """What stands before, within and after a marked part."""
    found = re.search(rf"(.*<!-- {word}: [^\n]*\n)(.*)(<!-- end of {word} -->.*)", text, re.DOTALL)
    return found.groups()


@pytest.mark.parametrize(("page", "part"), [(p, f) for p, made in PARTS.items() for f in made])
def test_page_shows_what_the_code_says(page, part):
    _, within, _ = around(part.__name__, TEXTS[page])
    assert within == part(within), "run `python -m tests.conformance.test_spec`, and read it"


def column(head, page="SPEC.md", column=0):
    """What stands in backticks in a column of the table that begins with a head."""
    rows = rows_of(TEXTS[page][TEXTS[page].index(f"| {head} |") :])
    return [re.findall(r"`([^`]+)`", row[column]) for row in rows[1:]]


def test_entries_of_a_case_are_those_of_the_schema():
    assert [name for (name,) in column("entry")] == list(SCHEMA["properties"])


def test_knobs_and_their_values_are_those_of_the_family():
    values = dict(zip((n for (n,) in column("knob")), column("knob", column=1), strict=True))
    assert list(values) == [f.name for f in fields(Knobs)]
    for name, of in SCHEMA["properties"]["knobs"]["properties"].items():
        if "$ref" in of:
            assert not values[name]
            continue
        usual = {str(getattr(k, name)) for k in METHODS.values()}
        assert set(values[name]) == usual | {str(x) for x in of.get("enum", [of.get("const")])}
    for name in ("momentum", "norm"):
        assert set(values[name]) == {getattr(k, name) for k in METHODS.values()}


def test_every_method_has_its_display():
    titles = re.findall(r"^### `(\w+)`:(?:(?!^#).)*?```math", TEXTS["SPEC.md"], re.MULTILINE | re.S)
    assert titles == list(ALGORITHMS)


#: From the symbols of a display to Python, where a line assigns the new value to the old name.
SYMBOLS = (
    (r"^(.*?)(?:\\\\)?$", r"\1"),
    (r",\\,", ","),
    (r"\\,", "*"),
    (r"\\(hat|bar) (\w)_t", r"\2_\1"),
    (r"\\(theta|eta|mu|nu|sqrt|max)", r"\1"),
    (r"\\varepsilon", "eps"),
    (r"_\{t\+1\}", "_next"),
    (r"\b(theta|m|n|g|eta)_(t\b|\{t-1\})", r"\1"),
    (r"\|g\|", "abs(g)"),
    (r"\^", "**"),
    (r"&=", "="),
    (r"\{(.*)\}", r"(\1)"),
)


def display(method):
    """The lines of a method's display, as Python."""
    text = TEXTS["SPEC.md"].partition(f"### `{method}`:")[2]
    block = re.search(r"```math\n(.*?)```", text, re.S)[1]
    for line in block.replace(r"\begin{aligned}", "").replace(r"\end{aligned}", "").splitlines():
        for symbol, name in SYMBOLS:
            line = re.sub(symbol, name, line.strip())
        yield line


@pytest.mark.parametrize("method", ALGORITHMS)
def test_displays_are_what_is_graded(method):
    mpf = arithmetic.mpf
    hyper = {"mu": mpf(0.875), "nu": mpf(0.75), "eps": mpf(0.125)}
    momenta = [0.5, 0.875, 0.625, 0.75] if method in SCHEDULED else [0.875] * 4
    mu_t, gradients = list(map(mpf, momenta)), list(map(mpf, (0.75, -0.25, 0.5)))
    state = dict.fromkeys(("theta", "m", "n"), mpf(0))
    with arithmetic.assuming(arithmetic.VALUES_ONLY):
        setting = Setting([[g] for g in gradients], [0.0], 0.25, **hyper, mu_t=mu_t)
        for t, (theta, slots) in enumerate(ALGORITHMS[method](setting), 1):
            known = {"t": t, "g": gradients[t - 1], "eta": 0.25, "sqrt": arithmetic.CONTEXT.sqrt}
            known |= {"mu_t": mu_t[t - 1], "mu_next": mu_t[t]}
            known |= {"P_t": prod(mu_t[:t]), "P_next": prod(mu_t[: t + 1])}
            for line in display(method):
                exec(line, {**hyper, **known}, state)
            for name, (wanted,) in {"theta": theta, **slots}.items():
                assert abs(state[name] - wanted.value) <= mpf(2) ** -240


def test_problems_are_written_out():
    names = re.findall(r"^(\w+)\(x\):", TEXTS["SPEC.md"], re.MULTILINE)
    assert names == list(problems.GRADIENTS)
    for name, line in re.findall(r"^(\w+)\(x\):(.*)", TEXTS["SPEC.md"], re.MULTILINE):
        x = dict(zip(("x0", "x1", "x2"), (0.75, -0.375, 2.5), strict=True))
        before, _, components = line.rpartition(";   ")
        if before:
            target, _, value = before.partition(" = ")
            x[target.strip()] = eval(value, {}, x)
        assert [eval(c, {}, x) for c in components.split(",   ")] == problems.GRADIENTS[name](
            [x["x0"], x["x1"], x["x2"]]
        )


def withdrawn() -> list[str]:
    text = (FOLDER / "ERRATA.md").read_text(encoding="utf-8")
    rows = rows_of(text[text.index("| date | withdrawn |") :])
    return [row[1].strip("` ") for row in rows[1:]]


def test_withdrawn_ids_are_not_used_again():
    assert {case.id for case in stored()}.isdisjoint(withdrawn())
    assert len(set(withdrawn())) == len(withdrawn())


def test_constants_are_those_of_the_code():
    named = dict(re.findall(r"`([A-Z_]+)` = ([0-9^-]+)", TEXTS["TOLERANCES.md"]))
    base, _, exponent = named.pop("HORIZON").partition("^")
    assert float(base) ** float(exponent) == golden.HORIZON
    assert {k: float(v) for k, v in named.items()} == {
        "MU_T": arithmetic.MU_T,
        "POW": arithmetic.POW,
    }


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", TEXTS[page]):
        assert (FOLDER / target).exists(), target
        text = (FOLDER / (target or page)).read_text(encoding="utf-8") if anchor else ""
        titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        slugs = [re.sub(r"[^a-z0-9 -]", "", t.lower()).replace(" ", "-") for t in titles]
        assert not anchor or anchor in slugs, anchor


if __name__ == "__main__":
    for file, made in PARTS.items():
        written = TEXTS[file]
        for part in made:
            before, inside, after = around(part.__name__, written)
            written = before + part(inside) + after
        (FOLDER / file).write_text(written, encoding="utf-8")
