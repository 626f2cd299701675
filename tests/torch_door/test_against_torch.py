"""Each step agrees with torch's to 2 ulp, or where sums cancel, with what torch documents.

Both start each step from the same parameters and state. Where the two differ by more, the step is
computed from torch's documentation with a running error bound, within which ours has to be.
"""

from __future__ import annotations

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nadamkit.torch  # noqa: E402
from tests.torch_door import formulas  # noqa: E402
from tests.torch_door.cases import (  # noqa: E402
    CASES,
    SIZES,
    gradient,
    label,
    parameters,
    twin,
)
from tests.torch_door.running_error import Bounded  # noqa: E402

SINGLE = (torch.float32, torch.complex64)
DOUBLE = (torch.float64, torch.complex128)
HALF = (torch.bfloat16, torch.float16)
U = {torch.float32: 2.0**-24, torch.float64: 2.0**-53}
STEPS = 7
COUNTERS = ("step", "mu_product")


@pytest.fixture
def default_dtype(dtype):
    """In double precision torch's counters are too."""
    before, threads = torch.get_default_dtype(), torch.get_num_threads()
    if dtype in DOUBLE:
        torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    yield
    torch.set_default_dtype(before)
    torch.set_num_threads(threads)


def real(a):
    """A tensor as one axis of real numbers."""
    a = a.detach()
    return (torch.view_as_real(a.resolve_conj()) if a.is_complex() else a).reshape(-1)


def numbers(a):
    return real(a).to(torch.float64).numpy()


def ulps(a, b, unit):
    """Distance in ulp of the larger magnitude; 0 for equal ones, NaN among them."""
    largest = torch.maximum(real(a).abs(), real(b).abs())
    above = torch.nextafter(largest, torch.full_like(largest, torch.inf))
    ulp = numbers(above) - numbers(largest)
    x, y = numbers(a), numbers(b)
    with np.errstate(invalid="ignore"):
        off = np.abs(x - y) / ulp
    return np.where((x == y) | (np.isnan(x) & np.isnan(y)), 0.0, off) / unit


def check(ours, theirs, units, reference, extra=0.0):
    """`ours` within so many ulp of `theirs`, or within the bound of the reference."""
    far = ~(ulps(ours, theirs, 1.0) <= units)
    if not far.any():
        return
    exact = reference()
    off = np.abs(numbers(ours).astype(np.longdouble) - exact.value)
    bound = exact.error + extra * np.abs(exact.value)
    assert (off <= bound)[far].all(), (off / bound)[far].max()


def exact_step(name, group, t, x, g, state):
    """The step as it is documented, from real numbers of one type; with bounds."""
    u = U[x.dtype]

    def given(a):
        return Bounded(a.numpy(), u)

    known = {key: given(a) for key, a in state.items() if key not in COUNTERS}
    x_new, s_new = formulas.step(name, group, t, given(x), given(g), known)
    return {"x": x_new, **s_new}


def frozen(i, number):
    """Some have no gradient at the second step, others at the third and fourth."""
    return (number == 2 and i % 5 == 1) or (number in (3, 4) and i % 5 == 2)


def states(optimizer, p):
    return {key: a for key, a in optimizer.state.get(p, {}).items() if a is not None}


def pair(name, settings, dtype, sizes=SIZES):
    """The two optimizers, their parameters, and what these are views of."""
    generator = torch.Generator().manual_seed(0)
    # The longest ones meet all rules, but not all settings.
    mine = parameters(dtype, generator, sizes if not settings else sizes[:-3])
    other = [twin(*one) for one in mine]
    half = len(mine) // 2
    made = []
    for library, ps in ((nadamkit.torch, mine), (torch.optim, other)):
        first, second = [p for p, _ in ps[:half]], [p for p, _ in ps[half:]]
        lr = settings.get("lr", 0.01)
        groups = [{"params": first}, {"params": second, "lr": lr * 0.5}]
        made.append(getattr(library, name)(groups, **settings))
    return generator, mine, other, *made


@pytest.mark.parametrize("dtype", [*SINGLE, *DOUBLE], ids=str)
@pytest.mark.parametrize("case", CASES, ids=label)
def test_steps(case, dtype, default_dtype):
    name, settings = case
    generator, mine, other, ours, theirs = pair(name, settings, dtype)
    for number in range(1, STEPS + 1):
        befores = []
        for i, ((p, _), (q, _)) in enumerate(zip(mine, other, strict=True)):
            with torch.no_grad():
                p.copy_(q)
            for key, a in states(theirs, q).items():
                if key not in COUNTERS and number > 1:
                    states(ours, p)[key].copy_(a)
            p.grad = None if frozen(i, number) else gradient(p, i, generator)
            q.grad = None if p.grad is None else p.grad.clone()
            befores.append(
                (real(q).clone(), {k: real(a).clone() for k, a in states(theirs, q).items()})
            )
        ours.step()
        theirs.step()
        for i, ((p, base), (q, _)) in enumerate(zip(mine, other, strict=True)):
            compare(name, (ours, p), (theirs, q), befores[i], i < len(mine) // 2)
            if base is not None and base.numel() > p.numel():
                base = base.clone()
                base.as_strided(p.shape, p.stride(), p.storage_offset()).fill_(7.0)
                assert (base == 7.0).all()


def compare(name, mine, other, before, first):
    """Parameter and state of one tensor after a step."""
    (ours, p), (theirs, q) = mine, other
    group = ours.param_groups[0 if first else 1]
    x, state = before
    after, wanted = states(ours, p), states(theirs, q)
    assert after.keys() == wanted.keys()
    if q.grad is None:
        assert torch.equal(real(p), x)
        return
    t = int(wanted["step"]) if "step" in wanted else 1 + bool(state)
    if not state:
        n0 = group.get("initial_accumulator_value", 0.0)
        state = {k: torch.full_like(x, n0) for k in wanted if k not in COUNTERS}
    found = []

    def reference():
        if not found:
            found.append(exact_step(name, group, t, x, real(q.grad), state))
        return found[0]

    check(p, q, 2, lambda: reference()["x"])
    for key, a in after.items():
        assert a.shape == wanted[key].shape
        assert a.dtype == wanted[key].dtype
        if key == "step":
            assert torch.equal(a, wanted[key])
        elif key == "mu_product":
            # In double precision: 5 roundings a step, of half an ulp.
            exact = torch.tensor(float(formulas.momenta(group, t)[2]), dtype=a.dtype)
            assert ulps(a, exact, 1.0) <= (5 * t if a.dtype == torch.float64 else 1)
        else:
            check(a, wanted[key], 2, lambda key=key: reference()[key])


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize("case", CASES, ids=label)
def test_short_numbers_are_rounded_once(case, dtype, default_dtype):
    """As torch's step in float32 from the same numbers, to one ulp of the short type."""
    name, settings = case
    generator, mine, _, ours, _ = pair(name, settings, dtype, SIZES)
    eps = torch.finfo(dtype).eps
    for number in range(1, STEPS + 1):
        wide = [torch.nn.Parameter(p.detach().float()) for p, _ in mine]
        half = len(mine) // 2
        groups = [dict(group) for group in ours.param_groups]
        for group, ps in zip(groups, (wide[:half], wide[half:]), strict=True):
            group["params"] = ps
        theirs = getattr(torch.optim, name)(groups)
        for i, ((p, _), w) in enumerate(zip(mine, wide, strict=True)):
            p.grad = None if frozen(i, number) else gradient(p, i, generator)
            w.grad = None if p.grad is None else p.grad.float()
            for key, a in states(ours, p).items():
                theirs.state[w][key] = a.float() if key not in COUNTERS else a.clone()
        befores = [
            (real(w).clone(), {k: real(a).clone() for k, a in states(theirs, w).items()})
            for w in wide
        ]
        ours.step()
        theirs.step()
        for i, ((p, _), w) in enumerate(zip(mine, wide, strict=True)):
            compare_short(name, (ours, p), (theirs, w), befores[i], i < half, eps)


def compare_short(name, mine, other, before, first, eps):
    """As `compare`; the state and parameters of `other` are in float32."""
    (ours, p), (theirs, w) = mine, other
    if w.grad is None:
        return
    group, (x, state) = ours.param_groups[0 if first else 1], before
    wanted = states(theirs, w)
    t = int(wanted["step"]) if "step" in wanted else 1 + bool(state)
    if not state:
        n0 = group.get("initial_accumulator_value", 0.0)
        state = {k: torch.full_like(x, n0) for k in wanted if k not in COUNTERS}

    def reference(key):
        return exact_step(name, group, t, x, real(w.grad), state)[key]

    check(p, w.to(p.dtype), 1, lambda: reference("x"), eps / 2)
    for key, a in states(ours, p).items():
        if key not in COUNTERS:
            assert a.dtype == p.dtype
            check(a, wanted[key].to(p.dtype), 1, lambda key=key: reference(key), eps / 2)


@pytest.mark.parametrize("dtype", [*SINGLE, *DOUBLE], ids=str)
@pytest.mark.parametrize("name", ["NadaMax", "MaxaProp"])
@pytest.mark.parametrize("settings", [{}, {"weight_decay": 0.1, "maximize": True}])
def test_methods_of_the_report(name, settings, dtype, default_dtype):
    """torch does not have them; they are within the bound of their formulas."""
    generator = torch.Generator().manual_seed(1)
    mine = parameters(dtype, generator)
    ours = getattr(nadamkit.torch, name)([p for p, _ in mine], **settings)
    for t in range(1, STEPS + 1):
        befores = []
        for i, (p, _) in enumerate(mine):
            p.grad = gradient(p, i, generator)
            state = {k: real(a).clone() for k, a in states(ours, p).items()}
            befores.append((real(p).clone(), state))
        ours.step()
        for (p, _), (x, state) in zip(mine, befores, strict=True):
            after = states(ours, p)
            state = state or {k: torch.zeros_like(x) for k in after if k not in COUNTERS}
            exact = exact_step(name, ours.param_groups[0], t, x, real(p.grad), state)
            for key, a in {**after, "x": p}.items():
                if key not in COUNTERS:
                    off = np.abs(numbers(a).astype(np.longdouble) - exact[key].value)
                    assert (off <= exact[key].error).all()
            assert int(after["step"]) == t


def test_the_comparison_can_fail():
    """A step that is wrong by 1e-6 of itself is found."""
    x, g = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 1e-3])
    group = copy.copy(torch.optim.Adagrad([torch.zeros(1)]).param_groups[0])
    exact = exact_step("Adagrad", group, 1, x, g, {"sum": torch.zeros(2)})
    right = torch.tensor(exact["sum"].value.astype(np.float32))
    check(right, right, 2, lambda: exact["sum"])
    with pytest.raises(AssertionError):
        check(right * (1 + 1e-6), right, 2, lambda: exact["sum"])
