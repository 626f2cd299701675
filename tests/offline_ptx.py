"""Every CUDA kernel compiled without a GPU, and what its PTX and machine code must be.

``python -m tests.offline_ptx`` in an environment with the extra ``ptx`` compiles each rule, dtype
and variant, for one array and as a sweep, for each architecture, by the two ways numba-cuda has
(PTX, and LTO-IR optimised at link time, which a launch takes), disassembles the result and checks
it. ``--quick`` takes one architecture. A table of registers is printed; the exit code is 1 if
anything is wrong.
"""

import argparse
import inspect
import re
import subprocess
import sys
import tempfile
import types
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cuda import pathfinder
from cuda.core import Linker, LinkerOptions, ObjectCode
from numba.cuda import dispatcher

from nadamkit import backends, registry
from nadamkit._runtime import cuda as runtime
from nadamkit.backends import cuda, measure_cuda, pieces, sweep, sweep_cuda
from nadamkit.backends.storage import STORAGE
from nadamkit.coefficients import CoefficientTable

ARCHITECTURES = ((7, 5), (9, 0), (12, 0))
QUICK = ((9, 0),)
DTYPES = ("float32", "float64")
BITS = ("bfloat16", "float16")
VARIANTS = {"plain": backends.Variant(), "all parts": backends.Variant(True, True)}

#: Most registers of a thread. The most measured is 60 (nadam swept with all parts on sm_75); up to
#: 64, 1024 threads fit on a multiprocessor, which is all that sm_75 has room for. A sweep in
#: float64 has 90 there, so that half as many fit, each of which moves twice the bytes.
REGISTERS, REGISTERS_FLOAT64_SWEEP = 64, 96

#: The product in `nadamkit.backends.storage.load_float16`. It is exact, fused or not.
POWER_OF_TWO = r"^\s+mul\.f32\s.*\b0f77800000;$"


class Kernel(NamedTuple):
    """What is compiled."""

    rule: str
    storage: str
    title: str
    step: Any
    plain: Callable[..., Any]
    signature: Any
    registers: int = REGISTERS

    @property
    def dtype(self) -> str:
        return np.dtype(STORAGE[self.storage].dtype).name


class Code(NamedTuple):
    """What came out of the compiler."""

    ptx: tuple[str, ...]
    sass: Counter[str]
    log: str

    @property
    def registers(self) -> int:
        return int(re.findall(r"Used (\d+) registers", self.log)[0])

    @property
    def memory(self) -> dict[str, int]:
        """Bytes of each kind of memory that stands in for registers."""
        kinds = ("stack frame", "spill stores", "spill loads", "lmem")
        return {k: sum(map(int, re.findall(rf"(\d+) bytes {k}", self.log))) for k in kinds}


def pretend_device(capability: tuple[int, int]) -> None:
    """Functions called by a kernel ask the current device for its capability; there is none."""
    dispatcher.get_current_device = lambda: types.SimpleNamespace(compute_capability=capability)


def compiled(kernel: Kernel, capability: tuple[int, int], exact: bool = True) -> Code:
    """One kernel for one architecture."""
    pretend_device(capability)
    arch = "sm_{}{}".format(*capability)
    plain = kernel.plain(exact=exact)
    arguments = {"cc": capability, "device": False, "abi": "numba"}
    compile_ = runtime.module().compile
    ptx, _ = compile_(plain, kernel.signature, output="ptx", **arguments)
    ltoir, _ = compile_(plain, kernel.signature, output="ltoir", **arguments)
    linked, _ = link(ltoir, arch, "ptx", ptx=True)
    cubin, log = link(ltoir, arch, "cubin", ptxas_options=["-v"])
    return Code((ptx, linked.decode()), disassembled(cubin), log)


def link(ltoir: bytes, arch: str, target: str, **options: Any) -> tuple[bytes, str]:
    given = LinkerOptions(arch=arch, link_time_optimization=True, **options)
    linker = Linker(ObjectCode.from_ltoir(ltoir), options=given)
    return linker.link(target).code, linker.get_info_log()


def disassembled(cubin: bytes) -> Counter[str]:
    """How often each machine instruction occurs."""
    nvdisasm = pathfinder.find_nvidia_binary_utility("nvdisasm")
    if nvdisasm is None:
        raise SystemExit("nvdisasm was not found: python -m pip install 'nadamkit[ptx]'")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.cubin")
        path.write_bytes(cubin)
        run = subprocess.run([nvdisasm, "-c", path], capture_output=True, text=True, check=True)
    found = re.findall(r"^\s+/\*[0-9a-f]+\*/\s+(?:@!?\w+\s+)?([A-Z][\w.]*)", run.stdout, re.M)
    return Counter(found)


def instructions(ptx: str) -> Counter[str]:
    """How often each PTX instruction occurs."""
    return Counter(re.findall(r"^\s+(?:@!?%\w+\s+)?([a-z]\w*(?:\.\w+)+)\s", ptx, re.M))


def count(found: Counter[str], pattern: str) -> int:
    return sum(n for name, n in found.items() if re.match(pattern, name))


def problems(code: Code, kernel: Kernel) -> list[str]:
    """Everything that is wrong with a kernel."""
    found = [problem for ptx in code.ptx for problem in ptx_problems(ptx, kernel)]
    found += sass_problems(code, kernel.dtype)
    found += [f"{n} bytes of {kind}" for kind, n in code.memory.items() if n]
    if code.registers > kernel.registers:
        found.append(f"{code.registers} registers, more than {kernel.registers}")
    return found


def ptx_problems(ptx: str, kernel: Kernel) -> list[str]:
    ops = instructions(re.sub(POWER_OF_TWO, "", ptx, flags=re.M))
    real = {"float32": "f32", "float64": "f64"}[kernel.dtype]
    source = inspect.getsource(kernel.step)
    banned = {
        "fused multiply-add": r"fma\.|mad\.\w+\.f",
        "product that may be fused": rf"mul\.{real}",
        "approximation": r".*\.approx|rcp|rsqrt|ex2|lg2",
        "flush of subnormals": r".*\.ftz",
        "32-bit index": r"setp\.\w+\.[usb]32|(mul|mad)\.lo\.[us]32",
        "local memory": r"(ld|st)\.local",
        "memory of unknown kind": r"(ld|st)\.[a-z]\d+",
    }
    if kernel.dtype == "float32":
        banned["float64"] = r".*\.f64"
    if kernel.storage == "float16" or kernel.title == "measure":
        # The one compares bits, with the index of the other storages; the other has short pieces.
        del banned["32-bit index"]
    found = [f"{what}: {name}" for what, p in banned.items() for name in ops if re.match(p, name)]
    wanted = {f"mul.rn.{real}": "*", f"div.rn.{real}": "/", f"sqrt.rn.{real}": "ops.sqrt("}
    found += [f"no {op}" for op, text in wanted.items() if text in source and not ops[op]]
    return found


def sass_problems(code: Code, dtype: str) -> list[str]:
    """The assembler must not fuse either: each product and sum of the PTX is there by itself.

    Division and square root are sequences with fused operations of their own, so that those can
    not simply be absent.
    """
    ops, ptx = code.sass, instructions(code.ptx[-1])
    letter, real = {"float32": ("F", "f32"), "float64": ("D", "f64")}[dtype]
    found = []
    for name, source in ((f"{letter}MUL", r"mul\.rn"), (f"{letter}ADD", "(add|sub)")):
        have, want = count(ops, rf"{name}$"), count(ptx, rf"{source}\.{real}")
        if have < want:
            found.append(f"{have} {name} for {want} in PTX: some were fused")
    if not count(ptx, r"(div|sqrt)\.rn") and count(ops, rf"{letter}FMA"):
        found.append(f"{letter}FMA without division or root")
    if dtype == "float32" and count(ops, r"D(ADD|MUL|FMA|SETP|MNMX)|MUFU.*64H|.*F64"):
        found.append("float64 machine instructions")
    if count(ops, r"LDL|STL"):
        found.append("local memory in the machine code")
    return found


def literal(x, g, slots, k):
    """A step that `check_step` would refuse: its literal makes float32 arithmetic float64."""
    (eta,) = k
    return x - g / (0.1 + eta), slots


def self_check() -> list[str]:
    """The checker finds what it is there for: a contraction, and a literal that gives float64."""
    nadam, gd = registry.get("nadam"), registry.get("gd")
    plain, bad = one_array(nadam, "float32", "plain"), one_array(gd, "float32", "plain", literal)
    cases = {
        "fused multiply-add": (plain, False),
        "some were fused": (plain, False),
        "fused multiply-add: fma": (swept(nadam, "bfloat16", "plain"), False),
        "float64: ": (bad, True),
        "float64 machine": (bad, True),
    }
    missed = []
    for wanted, (kernel, exact) in cases.items():
        found = problems(compiled(kernel, (9, 0), exact), kernel)
        if not any(wanted in problem for problem in found):
            missed.append(f"the checker misses {wanted!r}, and reports {found}")
    return missed


def names(rule: Any) -> tuple[str, ...]:
    return CoefficientTable(rule, rule.validated({}), np.dtype("float64")).names


def one_array(rule: Any, dtype: str, title: str, step: Any = None) -> Kernel:
    """The kernel of `nadamkit.backends.cuda`."""
    p = pieces.pieces_of(rule, names(rule), VARIANTS[title])
    p = p._replace(step=step or p.step)
    plain = partial(cuda.plain_kernel, p, dtype)
    signature = cuda.signature(p, dtype, len(names(rule)))
    return Kernel(rule.name, dtype, title, p.step, plain, signature)


def swept(rule: Any, storage: str, title: str) -> Kernel:
    """The kernel of `nadamkit.backends.sweep_cuda`; all parts are with a moving average too."""
    variant = VARIANTS[title]
    p = sweep.parts_of(rule, names(rule), variant, variant.rated, STORAGE[storage])
    plain, signature = partial(sweep_cuda.plain_sweep, p), sweep_cuda.signature(p)
    most = REGISTERS_FLOAT64_SWEEP if storage == "float64" else REGISTERS
    return Kernel(rule.name, storage, f"sweep, {title}", p.step, plain, signature, most)


def measured() -> Kernel:
    """The kernel of `nadamkit.backends.measure_cuda`, which computes in float64."""
    plain = partial(measure_cuda.plain_measure, "float64")
    return Kernel(
        "", "float64", "measure", measure_cuda.plus_square, plain, measure_cuda.signature()
    )


def chosen(everything: bool, quick: bool) -> Iterator[tuple[Kernel, tuple[int, int]]]:
    """Kernels and architectures: all kernels on one, and on the others those with all parts."""
    for kernel in kernels():
        whole = "all parts" in kernel.title and kernel.storage in DTYPES
        others = everything or (whole and not quick)
        yield from ((kernel, c) for c in ARCHITECTURES if others or c in QUICK)


def kernels() -> Iterator[Kernel]:
    """All kernels; those for 16 bits only with all parts, as only loads and stores are new."""
    yield measured()
    for rule in map(registry.get, registry.names()):
        for make in (one_array, swept):
            for dtype in DTYPES:
                yield from (make(rule, dtype, title) for title in VARIANTS)
        yield from (
            swept(rule, storage, "all parts") for storage in STORAGE if storage not in DTYPES
        )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only sm_90")
    parser.add_argument("--all", action="store_true", help="every kernel on every architecture")
    given = parser.parse_args(arguments)
    failures = self_check()
    print("checker: " + ("; ".join(failures) or "finds a contraction and a float64 literal"))
    print(f"{'rule':<10} {'storage':<9} {'kernel':<17} {'arch':<7} {'registers':>9} {'spills':>7}")
    for kernel, capability in chosen(given.all, given.quick):
        code = compiled(kernel, capability)
        arch = "sm_{}{}".format(*capability)
        spills = code.memory["spill stores"] + code.memory["spill loads"]
        found = problems(code, kernel)
        failures += found
        print(
            f"{kernel.rule:<10} {kernel.storage:<9} {kernel.title:<17} {arch:<7} "
            f"{code.registers:>9} {spills:>7}",
            *(f"\n    WRONG: {problem}" for problem in found),
            flush=True,
        )
    print(f"{len(failures)} problems" if failures else "no problems")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
