"""Every CUDA kernel compiled without a GPU, and what its PTX and machine code must be.

``python -m tests.offline_ptx`` in an environment with the extra ``ptx`` compiles each rule, dtype
and variant for each architecture, by the two ways numba-cuda has (PTX, and LTO-IR optimised at
link time, which a launch takes), disassembles the result and checks it. ``--quick`` takes one
architecture. A table of registers is printed; the exit code is 1 if anything is wrong.
"""

import argparse
import inspect
import re
import subprocess
import sys
import tempfile
import types
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cuda import pathfinder
from cuda.core import Linker, LinkerOptions, ObjectCode
from numba.cuda import dispatcher

from nadamkit import backends, registry
from nadamkit._runtime import cuda as runtime
from nadamkit.backends import cuda, pieces
from nadamkit.coefficients import CoefficientTable

ARCHITECTURES = ((7, 5), (9, 0), (12, 0))
QUICK = ((9, 0),)
DTYPES = ("float32", "float64")
VARIANTS = {"plain": backends.Variant(), "all parts": backends.Variant(True, True)}

#: Most registers of a thread. The most measured is 56 (nadam in float64 on sm_75); up to 64, 1024
#: threads fit on a multiprocessor, which is all that sm_75 has room for.
REGISTERS = 64


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


def compiled(
    p: pieces.Pieces, dtype: str, coefficients: int, capability: tuple[int, int], exact: bool = True
) -> Code:
    """One kernel for one architecture."""
    pretend_device(capability)
    arch = "sm_{}{}".format(*capability)
    kernel = cuda.plain_kernel(p, dtype, exact)
    arguments = {"cc": capability, "device": False, "abi": "numba"}
    compile_ = runtime.module().compile
    ptx, _ = compile_(kernel, cuda.signature(p, dtype, coefficients), output="ptx", **arguments)
    ltoir, _ = compile_(kernel, cuda.signature(p, dtype, coefficients), output="ltoir", **arguments)
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


def problems(code: Code, dtype: str, step: Any) -> list[str]:
    """Everything that is wrong with a kernel."""
    found = [problem for ptx in code.ptx for problem in ptx_problems(ptx, dtype, step)]
    found += sass_problems(code, dtype)
    found += [f"{n} bytes of {kind}" for kind, n in code.memory.items() if n]
    if code.registers > REGISTERS:
        found.append(f"{code.registers} registers, more than {REGISTERS}")
    return found


def ptx_problems(ptx: str, dtype: str, step: Any) -> list[str]:
    ops = instructions(ptx)
    real = {"float32": "f32", "float64": "f64"}[dtype]
    source = inspect.getsource(step)
    banned = {
        "fused multiply-add": r"fma\.|mad\.\w+\.f",
        "product that may be fused": rf"mul\.{real}",
        "approximation": r".*\.approx|rcp|rsqrt|ex2|lg2",
        "flush of subnormals": r".*\.ftz",
        "32-bit index": r"setp\.\w+\.[usb]32|(mul|mad)\.lo\.[us]32",
        "local memory": r"(ld|st)\.local",
    }
    if dtype == "float32":
        banned["float64"] = r".*\.f64"
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
    plain = pieces.pieces_of(nadam, names(nadam), backends.Variant())
    bad = pieces.pieces_of(gd, names(gd), backends.Variant())._replace(step=literal)
    cases = {
        "fused multiply-add": (plain, len(names(nadam)), False),
        "some were fused": (plain, len(names(nadam)), False),
        "float64: ": (bad, 0, True),
        "float64 machine": (bad, 0, True),
    }
    missed = []
    for wanted, (p, coefficients, exact) in cases.items():
        found = problems(compiled(p, "float32", coefficients, (9, 0), exact), "float32", p.step)
        if not any(wanted in problem for problem in found):
            missed.append(f"the checker misses {wanted!r}, and reports {found}")
    return missed


def names(rule: Any) -> tuple[str, ...]:
    return CoefficientTable(rule, rule.validated({}), np.dtype("float64")).names


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only sm_90")
    architectures = QUICK if parser.parse_args(arguments).quick else ARCHITECTURES
    failures = self_check()
    print("checker: " + ("; ".join(failures) or "finds a contraction and a float64 literal"))
    print(f"{'rule':<10} {'dtype':<8} {'kernel':<10} {'arch':<7} {'registers':>9} {'spills':>7}")
    for name in registry.names():
        rule = registry.get(name)
        for dtype, (title, variant), capability in (
            (d, v, c) for d in DTYPES for v in VARIANTS.items() for c in architectures
        ):
            p = pieces.pieces_of(rule, names(rule), variant)
            code = compiled(p, dtype, len(names(rule)), capability)
            arch = "sm_{}{}".format(*capability)
            spills = code.memory["spill stores"] + code.memory["spill loads"]
            found = problems(code, dtype, rule.step)
            failures += found
            print(
                f"{name:<10} {dtype:<8} {title:<10} {arch:<7} {code.registers:>9} {spills:>7}",
                *(f"\n    WRONG: {problem}" for problem in found),
                flush=True,
            )
    print(f"{len(failures)} problems" if failures else "no problems")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
