"""`Optimizer`: the step of a method, for those who have gradients and a loop of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nadamkit import registry
from nadamkit.errors import OptionError
from nadamkit.optimizer import choices, saved
from nadamkit.optimizer.arrangement import Arrangement
from nadamkit.optimizer.groups import REST, new_rate, settings

__all__ = ["Optimizer"]


class Optimizer:
    """A method that updates arrays in place, one step for each gradient.

    Parameters
    ----------
    method : str, default "nadam"
        One of `nadamkit.registry.names`.
    learning_rate : float, callable or tree, optional
        A number, a schedule or callable of the step t = 1, 2, ..., an array with one rate for each
        element of a single array, or a tree like the parameters with numbers or arrays. By default
        0.001, or what the dialect has.
    dialect : str, optional
        Whose version of the method, and whose defaults: one of `nadamkit.dialects.names`, for
        example ``"torch"``. By default the paper's.
    groups : dict of str to dict, optional
        Settings of some parameters: their own hyperparameters and ``learning_rate``. A parameter is
        in the group whose name is in its path: ``{"bias": {"weight_decay": 0.0}}``.
    label : callable, optional
        ``label(path) -> str or None`` says which group a parameter is in, instead of its path.
    average : float, optional
        Keep the exponential average of the iterates with this decay, in [0, 1); see `average`.
    nonfinite : {'raise', 'skip', 'propagate'}, default 'raise'
        What a NaN or Inf in a gradient does: raise FloatingPointError, leave parameters and all
        state as they are, or go into the parameters. The first two read the gradients twice.
    backend : {'auto', 'numpy', 'serial', 'parallel'}, default 'auto'
        Where steps of arrays in the host's memory are computed. The result is the same to the bit.
    **hyper
        Hyperparameters of the method (mu, nu, eps, schedule, ...), and weight_decay, wd_kind,
        clip_norm (of all gradients of a group together), clip_value and maximize.

    Attributes
    ----------
    method : str
        Name of the method.
    skipped : int
        Steps that were skipped for a gradient that was not finite.

    Raises
    ------
    OptionError
        For input that makes no sense, before any array is changed.

    References
    ----------
    Dozat (2015), "Incorporating Nesterov Momentum into Adam".

    Examples
    --------
    >>> import numpy as np
    >>> params = {"w": np.array([1.0, 2.0]), "b": np.array(3.0)}
    >>> optimizer = Optimizer("gd", learning_rate=0.5, groups={"b": {"learning_rate": 1.0}})
    >>> optimizer.step(params, {"w": np.array([2.0, 2.0]), "b": np.array(1.0)})
    >>> params["w"].tolist(), params["b"].tolist()
    ([0.0, 1.0], 2.0)
    """

    def __init__(
        self,
        method: str = "nadam",
        learning_rate: Any = None,
        *,
        dialect: str | None = None,
        groups: Mapping[str, Mapping[str, Any]] | None = None,
        label: Callable[[str], str | None] | None = None,
        average: float | None = None,
        nonfinite: str = "raise",
        backend: str = "auto",
        **hyper: Any,
    ) -> None:
        rule = registry.get(method)
        self.method = rule.name
        self._settings = settings(rule, dialect, learning_rate, hyper, groups)
        self._label, self._decay = choices.labelling(label), choices.decay(average)
        self._nonfinite = choices.one_of("nonfinite", nonfinite, choices.POLICIES)
        self._backend = choices.host_backend(backend)
        self._measured = nonfinite != "propagate" or any(
            s.hyper["clip_norm"] is not None for s in self._settings.values()
        )
        self._all: Arrangement | None = None
        self.skipped = 0

    def init(self, params: Any) -> Optimizer:
        """Begin with these parameters, at t = 0.

        Parameters
        ----------
        params : array or tree of arrays
            NumPy arrays of float32 or float64 of any shape and layout, in a dict, list or tuple,
            nested in any way; arrays of other libraries on the CPU that share their memory through
            DLPack; or C-contiguous arrays of CuPy, PyTorch or Numba on the current GPU. They are
            not changed.

        Returns
        -------
        Optimizer
            Itself.

        Raises
        ------
        OptionError
            If one of them cannot be updated in place.
        """
        self._all = self._arranged(params)
        self.skipped = 0
        return self

    def _arranged(self, params: Any) -> Arrangement:
        return Arrangement(params, self._settings, self._label, self._decay, self._backend)

    def step(self, params: Any, grads: Any) -> None:
        """Update the parameters in place.

        Parameters
        ----------
        params : array or tree of arrays
            As in `init`, which the first step calls.
        grads : array or tree of arrays
            Of the same structure, shapes and dtypes; None for what is not to move. Not changed.

        Raises
        ------
        OptionError
            If they do not fit; nothing is changed then.
        FloatingPointError
            With ``nonfinite="raise"``, if a gradient is not finite; nothing is changed then.
        """
        here = self._all or self._arranged(params)
        here.take(params, grads)
        self._all = here
        if self._measured:
            culprit = here.measure()
            if culprit is not None and self._nonfinite != "propagate":
                here.release()
                if self._nonfinite == "raise":
                    raise FloatingPointError(
                        f"the gradient of {culprit} has a NaN or Inf at step {self.t + 1}; nothing "
                        "was changed, and nonfinite='skip' leaves such steps out."
                    )
                self.skipped += 1
                return
            here.clip()
        here.launch()

    # The name in other libraries.
    update = step

    @property
    def t(self) -> int:
        """Steps made; the largest number if some arrays were left out of some steps."""
        return 0 if self._all is None else self._all.t

    @property
    def learning_rate(self) -> Any:
        """Learning rate of the parameters that are in no group; it may be set."""
        return self._settings[REST].rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        self.set_learning_rate(rate)

    def set_learning_rate(self, rate: Any, group: str = REST) -> None:
        """Another learning rate from the next step on.

        Parameters
        ----------
        rate : float or callable
            A number, a schedule or a callable of t.
        group : str, optional
            Of this group; by default of the parameters that are in none.

        Raises
        ------
        OptionError
            If it makes no sense, or there is no such group.
        """
        self._settings[group] = own = new_rate(self._settings, group, rate)
        if self._all is not None:
            self._all.set_rate(group, own.rate)

    def average(self) -> Any:
        """The exponential average of the iterates.

        With decay d, the mean of x_1 ... x_t with weights ``d^(t-i)``: no bias towards the start.

        Returns
        -------
        array or tree of arrays
            New arrays in the structure of the parameters, those on a GPU of Numba's kind; copies of
            those that made no step.

        Raises
        ------
        OptionError
            If none is kept, or no step was made.
        """
        if self._decay is None:
            raise OptionError("no average is kept; make the optimizer with average=0.999.")
        if self.t == 0:
            raise OptionError("no step was made, so there is no average yet; call step first.")
        return self._begun().average()

    def state_dict(self) -> dict[str, Any]:
        """Everything a later step depends on beside parameters and settings.

        Returns
        -------
        dict
            Flat, of new arrays, numbers and strings: ``"t/PATH"``, ``"m/PATH"``, ...

        Raises
        ------
        OptionError
            If the optimizer has no parameters yet.
        """
        return saved.packed(self.method, self._begun().state())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; steps then have the same bits as if nothing had been between.

        Parameters
        ----------
        state : mapping
            From `state_dict`. It is copied.

        Raises
        ------
        OptionError
            If it belongs to another method, to other parameters or to another version, or the
            optimizer has no parameters yet; nothing is changed then.

        Examples
        --------
        >>> import numpy as np
        >>> x = np.array([1.0])
        >>> optimizer, other = Optimizer("nadam").init(x), Optimizer("nadam").init(x)
        >>> optimizer.step(x, np.array([0.5]))
        >>> other.load_state_dict(optimizer.state_dict())
        >>> other.t
        1
        """
        here = self._begun()
        saved.check(state, self.method, here.state())
        here.load(state)

    def save(self, path: Any) -> None:
        """Write the state to an ``.npz`` file, whole or not at all.

        Parameters
        ----------
        path : path-like
            Name of the file.

        Raises
        ------
        OptionError
            If the optimizer has no parameters yet.
        """
        saved.save(path, self.state_dict())

    def load(self, path: Any) -> None:
        """Go on from a file that `save` wrote; nothing in it is executed.

        Parameters
        ----------
        path : path-like
            Name of the file.

        Raises
        ------
        OptionError
            As `load_state_dict`.
        """
        self.load_state_dict(saved.load(path))

    def _begun(self) -> Arrangement:
        if self._all is None:
            raise OptionError("the optimizer has no parameters yet; call init(params) first.")
        return self._all

    def __repr__(self) -> str:
        return f"Optimizer({self.method!r}, learning_rate={self.learning_rate!r}, t={self.t})"
