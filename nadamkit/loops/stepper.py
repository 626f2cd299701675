"""One step at a time: a rule, its state and its table of coefficients, on one array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit import backends, registry, schedules
from nadamkit._runtime import numba
from nadamkit.backends import pieces, reduce
from nadamkit.coefficients import CoefficientTable
from nadamkit.errors import OptionError, described, shown
from nadamkit.hyperparameters import did_you_mean

#: Rows of the table that are prepared at a time.
CHUNK = 256
#: What a learning rate may be called where a run chooses it.
NAMED_RATES = ("auto", "race")


class Stepper:
    """Applies a method to an array, a gradient at a time.

    Parameters
    ----------
    method : str
        Name of the method.
    x : ndarray of float32 or float64
        Parameters, of any shape and memory layout; updated in place.
    backend : {'auto', 'numpy', 'serial', 'parallel', 'cuda'}
        Where to compute.
    learning_rate : float, ndarray of x's shape, or callable of t
        Learning rate.
    threads : int, optional
        Number of threads of the parallel backend.
    **hyper
        Hyperparameters of the method.

    Attributes
    ----------
    t : int
        Steps done.
    slots : ndarray of shape (number of slots, x.size)
        State, in the order of the rule's slots.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0, -2.0])
    >>> stepper = Stepper("gd", x, learning_rate=0.5)
    >>> stepper.step(np.array([1.0, 1.0]))
    >>> x.tolist()
    [0.5, -2.5]
    """

    def __init__(
        self,
        method: str,
        x: NDArray[Any],
        *,
        backend: str = "auto",
        learning_rate: Any = 1e-3,
        threads: int | None = None,
        **hyper: Any,
    ) -> None:
        _check_array("x", x)
        rule = registry.get(method)
        self._hyper = rule.validated(hyper)
        rule = rule.chosen(self._hyper)
        self.x = x
        self.t = 0
        self._shape, self._dtype = x.shape, x.dtype
        # The kernel works on a flat view of x, or on a copy where x has no such view.
        self._flat = np.ascontiguousarray(x).reshape(-1)
        self._copied = not np.shares_memory(self._flat, x)
        self._clipped = self._hyper["clip_norm"] is not None
        self._table = CoefficientTable(rule, self._hyper, x.dtype)
        self._rate, self._rates = split_rate(learning_rate, x.shape, x.dtype)
        self._mods = pieces.modifiers(self._hyper, x.dtype)
        self.slots = initial_slots(rule, self._hyper, x.size, x.dtype)
        # A user's schedule is asked for a step when that step is made.
        self._chunk = CHUNK if self._table.pure and not callable(self._rate) else 1
        self._rows = np.empty((self._chunk, 1 + len(self._table.names)), x.dtype)
        self._first = -CHUNK
        variant = backends.Variant(self._rates.size > 0, self._mods.size > 0)
        chosen = backends.choose(backend, x.size)
        self._kernel = backends.make_kernel(rule, self._table.names, chosen, variant)
        if threads is not None and chosen == "parallel":
            self._kernel = _on_threads(self._kernel, threads)

    # Each attribute and each call of NumPy here costs as much as some 100 parameters; all that can
    # be is decided beforehand, and the whole costs 0.5 us beside the kernel and the table.
    def step(self, g: NDArray[Any]) -> None:
        """Apply one gradient.

        Parameters
        ----------
        g : ndarray
            Gradient at x, of x's shape and dtype. It is not changed.

        Raises
        ------
        OptionError
            If the shape or dtype is not that of x; nothing is changed then.
        """
        try:
            fits = g.shape == self._shape and g.dtype == self._dtype
        except AttributeError:
            fits = False
        if not fits:
            raise self._refusal(g)
        g = np.ascontiguousarray(g).ravel()
        if self._clipped:
            clip(self._mods, g, self._hyper)
        row = self.t - self._first
        if row >= self._chunk:
            row = self._refill()
        if self._copied:
            self._flat[:] = self.x.ravel()
        self._kernel(self._flat, g, self.slots, self._rows, row, self._rates, self._mods)
        if self._copied:
            self.x[...] = self._flat.reshape(self._shape)
        self.t += 1

    def _refusal(self, g: Any) -> OptionError:
        """What is wrong with a gradient."""
        return OptionError(
            f"the gradient is {described(g)}, but must be a NumPy array of shape {self._shape} and "
            f"dtype {self._dtype}, like the parameters."
        )

    def _refill(self) -> int:
        """Write the rows of the next steps into the table; returns the first one's number."""
        self._table.fill(self._rows, self.t + 1)
        self._rows[:, 0] = schedules.rates(self._rate, self.t + 1, self._chunk)
        self._first = self.t
        return 0


def _on_threads(kernel: Any, threads: int) -> Any:
    """A parallel kernel with a number of threads of its own."""
    most = numba.max_threads()
    if not 1 <= threads <= most:
        raise OptionError(
            f"threads={threads!r} is not allowed: it must be from 1 to {most}, the number "
            "of threads numba was started with (NUMBA_NUM_THREADS)."
        )

    def limited(*arguments: Any) -> None:
        with numba.using_threads(threads):
            kernel(*arguments)

    return limited


def split_rate(learning_rate: Any, shape: tuple[int, ...], dtype: Any) -> tuple[Any, NDArray[Any]]:
    """A learning rate as a number or schedule, and its factor for each parameter (or empty).

    Raises
    ------
    OptionError
        If it is not a finite number >= 0, an array of such numbers with the shape of the
        parameters, or a callable.
    """
    if callable(learning_rate):
        return learning_rate, np.empty(0, dtype)
    try:
        values = np.asarray(learning_rate, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if not (np.isfinite(values) & (values >= 0.0)).all():
        unknown = isinstance(learning_rate, str) and learning_rate not in NAMED_RATES
        raise OptionError(
            f"learning_rate={shown(learning_rate)} is not allowed: it must be a finite number >= "
            "0, an array of them with one for each parameter, a schedule from nadamkit.schedules, "
            "a callable of t, or (in minimize) 'auto' or 'race'"
            + (did_you_mean(learning_rate, NAMED_RATES) if unknown else ".")
        )
    if values.ndim == 0:
        return float(values), np.empty(0, dtype)
    if values.shape != shape:
        raise OptionError(
            f"learning_rate has shape {values.shape}, but the parameters have shape {shape}; "
            "give one number for all, or one for each."
        )
    return 1.0, np.array(values.reshape(-1), dtype=dtype, order="C")


def initial_slots(rule: Any, hyper: dict[str, Any], size: int, dtype: Any) -> NDArray[Any]:
    """State before the first step: zero, or n0 for n."""
    state = np.zeros((len(rule.slots), size), dtype)
    if "n0" in hyper:
        state[rule.slots.index("n")] = hyper["n0"]
    return state


def clip(mods: NDArray[Any], g: NDArray[Any], hyper: dict[str, Any]) -> None:
    """Set the gradient's factor so that its Euclidean norm is at most ``clip_norm``."""
    size = reduce.norm(g)
    limit = hyper["clip_norm"]
    sign = -1.0 if hyper["maximize"] else 1.0
    mods[0] = sign * (limit / size) if size > limit else sign


def _check_array(name: str, x: Any) -> None:
    if not isinstance(x, np.ndarray) or x.dtype not in (np.float32, np.float64):
        raise OptionError(
            f"{name} must be a float32 or float64 NumPy array, but is {described(x)}; convert it."
        )
    if not x.flags.writeable:
        raise OptionError(f"{name} is read-only, and a step updates it in place; pass a copy.")
