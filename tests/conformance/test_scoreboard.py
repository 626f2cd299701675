"""The scoreboard: committed results, their summary and the page."""

from conformance import adapters, scoreboard

ENTRIES = {(e["adapter"], e["dialect"]): e for e in scoreboard.load()}


def test_all_are_adapters():
    assert set(scoreboard.ENTRIES) < set(adapters.NAMES)


def test_everything_was_measured_but_for_the_gpu():
    listed = {(name, dialect) for name, own in scoreboard.ENTRIES.items() for dialect in own}
    assert listed - set(ENTRIES) <= {("nadamkit-cuda", "all")}


def test_nadamkit_conforms_strictly_with_the_same_bits():
    ours = [e for (name, _), e in ENTRIES.items() if name.startswith("nadamkit")]
    assert len(ours) >= 7
    for e in ours:
        assert (e["code"], e["profile"]) == (0, "strict")
        cells = [cell for row in e["family"].values() for cell in row.values()]
        assert max(cell["worst"] for cell in cells if cell["worst"] is not None) <= 1
        if e["adapter"] != scoreboard.REFERENCE:
            same, total = e["identical"]
            assert same == total == e["counts"]["pass"]


def test_what_ran_in_the_simulator_says_so():
    assert ENTRIES["nadamkit-cudasim", "all"]["device"] == "simulator"


def test_libraries_conform_in_their_own_dialects_but_for_known_differences():
    for (name, dialect), e in ENTRIES.items():
        if not name.startswith("nadamkit") and dialect != "paper":
            assert e["code"] == 0, name
            assert bool(e["counts"]["xfail"]) == bool(e["findings"])


def result(status, ratio, case="adam/rates", digest="0"):
    worst = {"standard": {"ratio": ratio}}
    return {
        "case": case,
        "family": case.split("/")[1],
        "method": "adam",
        "dtype": "float64",
        "status": status,
        "worst": worst if status not in ("skip", "error") else {},
        "reason": status,
        "digests": {"theta": digest},
    }


def report(*results):
    return {
        "adapter": "nadamkit-x",
        "version": "1",
        "versions": {"numpy": "2"},
        "profile": "standard",
        "device": "cpu",
        "date": "2026-01-01",
        "python": "3.11",
        "suite": "v1",
        "counts": dict.fromkeys(("pass", "fail", "xfail", "xpass", "skip", "error"), 1),
        "code": 1,
        "results": list(results),
        "matches": {"adam": [["torch", 0.5], ["optax", 2.0]]},
    }


def test_summary():
    given = report(
        result("pass", 0.25), result("fail", 7.0), result("xfail", 1e9), result("skip", 0.0)
    )
    other = report(result("pass", 0.1), result("pass", 0.1, "adam/sizes", "1"))
    data = scoreboard.summary(given, "paper", other)
    assert data["method"]["adam"]["float64"] == {
        "worst": 7.0,
        "pass": 1,
        "fail": 1,
        "xfail": 1,
        "skip": 1,
    }
    assert data["findings"] == ["xfail"]
    assert data["identical"] == [4, 4]
    differing = scoreboard.summary(report(result("pass", 1.0, digest="2")), "paper", other)
    assert differing["identical"] == [0, 1]


def test_page():
    given = scoreboard.summary(
        report(result("fail", "inf"), result("xfail", 9.0, "adam/sizes")), "paper", None
    )
    lines = scoreboard.markdown([{**given, "adapter": "mine"}]).splitlines()
    assert "## mine 1, graded as paper" in lines
    assert "| adam | - | inf ✗ (1 known) | matches torch (0.50 times the bound) |" in lines
    assert "- xfail" in lines
