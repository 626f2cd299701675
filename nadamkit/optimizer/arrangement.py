"""All parameters of an optimizer, sorted into what one compiled call can update."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import is_
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nadamkit.backends.measure import Sizes, norm
from nadamkit.errors import OptionError, shown
from nadamkit.loops.stepper import split_rate
from nadamkit.optimizer.arrays import Leaf, Occupied, named
from nadamkit.optimizer.batch import Batch
from nadamkit.optimizer.device import leaf_of
from nadamkit.optimizer.groups import Settings, is_tree, owners
from nadamkit.optimizer.saved import MEAN, STEPS
from nadamkit.optimizer.trees import SEPARATOR, Structure

#: Elements up to which the gradients of a step are kept until the next.
KEPT = 65_536


class Arrangement:
    """Parameters, their state and the step that is being made.

    Parameters
    ----------
    params : array or tree of arrays
        The parameters.
    settings : mapping of str to Settings
        Of each group.
    label : callable or None
        Which group a parameter is in.
    decay : float or None
        Of the moving average.
    backend : str
        Where steps are computed.
    """

    def __init__(
        self,
        params: Any,
        settings: Mapping[str, Settings],
        label: Callable[[str], str | None] | None,
        decay: float | None,
        backend: str,
    ) -> None:
        self._settings, self._decay, self._backend = settings, decay, backend
        self._structure = Structure(params)
        self._given = self._structure.leaves(params, "params")
        self._taken: list[Any] = []
        paths = self._structure.paths
        self._leaves = [leaf_of(path, a) for path, a in zip(paths, self._given, strict=True)]
        self._foreign = _foreign(self._leaves)
        # Small gradients are kept, so that they are known again; that costs no memory to speak of.
        # Only arrays of NumPy, whose numbers stay where they are.
        self._small = sum(leaf.size for leaf in self._leaves) <= KEPT
        self._occupied = Occupied(self._leaves)
        self._owners = owners(paths, list(settings), label)
        self._members = self._sorted()
        self._batches = [self._batch(members) for members in self._members]

    def _sorted(self) -> list[list[int]]:
        """Numbers of the leaves that one call updates."""
        sorts: dict[Any, list[int]] = {}
        for i, (leaf, name) in enumerate(zip(self._leaves, self._owners, strict=True)):
            sort = self._settings[name].rule.step, leaf.dtype, leaf.on_gpu
            sorts.setdefault(sort, []).append(i)
        return list(sorts.values())

    def _batch(self, members: list[int]) -> Batch:
        plain = {
            name: own._replace(rate=1.0) if is_tree(own.rate) else own
            for name, own in self._settings.items()
        }
        names = [self._owners[i] for i in members]
        leaves = [self._leaves[i] for i in members]
        rates = [self._rates(i) for i in members]
        return Batch(leaves, plain, names, rates, self._decay, self._backend)

    def _rates(self, i: int) -> NDArray[Any] | None:
        """The learning rate of each element, if they are a tree."""
        tree, leaf = self._settings[self._owners[i]].rate, self._leaves[i]
        if not is_tree(tree):
            return None
        rate = self._structure.leaves(tree, "learning rates")[i]
        if rate is None or callable(rate):
            raise OptionError(
                f"the learning rate of {leaf.path!r} is {shown(rate)}, but in a tree of learning "
                "rates there must be numbers and arrays; give parameters with a schedule a group."
            )
        try:
            factor, rates = split_rate(rate, leaf.shape, leaf.dtype)
        except OptionError as error:
            where = f"for {named(leaf.path)}, " if leaf.path else ""
            raise OptionError(f"{where}{error}") from None
        if rates.size:
            return leaf.laid_out(rates.reshape(leaf.shape))
        return leaf.filled(factor)

    @property
    def t(self) -> int:
        """The largest number of steps an array has made."""
        return max((int(batch.engine.t.max()) for batch in self._batches), default=0)

    def take(self, params: Any, grads: Any) -> None:
        """Take parameters and gradients of a step, and get ready for it; changes no array."""
        given = self._structure.leaves(params, "params")
        if not all(map(is_, given, self._given)) or any(leaf.moved() for leaf in self._foreign):
            self._adopt(given)
        gradients = self._structure.leaves(grads, "grads")
        if not self._taken or not all(map(is_, gradients, self._taken)):
            self._take(gradients)
        for batch in self._batches:
            batch.prepare()

    def _take(self, given: list[Any]) -> None:
        """Take gradients that are not the very arrays of the step before."""
        self._taken = []
        gradients: list[NDArray[Any] | None] = []
        places = []
        for leaf, g in zip(self._leaves, given, strict=True):
            place = 0
            if g is not None:
                g, place = leaf.located(g)
                self._occupied.check(leaf, g, place)
            gradients.append(g)
            places.append(place)
        for batch, members in zip(self._batches, self._members, strict=True):
            batch.take([gradients[i] for i in members], [places[i] for i in members])
        if self._small and not self._foreign and all(map(is_, gradients, given)):
            self._taken = gradients

    def _adopt(self, given: list[Any]) -> None:
        """Use the arrays that are given now in place of those before."""
        leaves = [leaf_of(leaf.path, a) for leaf, a in zip(self._leaves, given, strict=True)]
        for old, new in zip(self._leaves, leaves, strict=True):
            old.check_successor(new)
        self._occupied = Occupied(leaves)
        self._leaves, self._given, self._taken = leaves, given, []
        self._foreign = _foreign(leaves)
        for batch, members in zip(self._batches, self._members, strict=True):
            batch.adopt([leaves[i] for i in members])

    def measure(self) -> str | None:
        """Measure the gradients; what is not finite, if anything is."""
        found = None
        for batch in self._batches:
            if not batch.measure():
                found = found or batch.culprit()
        return found

    def clip(self) -> None:
        """Scale down the gradients of groups whose norm, over all arrays, is too large."""
        for name, own in self._settings.items():
            limit = own.hyper["clip_norm"]
            if limit is None:
                continue
            parts = [batch.sizes(name) for batch in self._batches]
            sizes = Sizes(*map(np.concatenate, zip(*(sizes for sizes, _ in parts), strict=True)))
            size = norm(sizes, [gradients for _, gradients in parts])
            factor = limit / size if size > limit else 1.0
            for batch in self._batches:
                batch.scale(name, -factor if own.hyper["maximize"] else factor)

    def launch(self) -> None:
        """Make the step."""
        for batch in self._batches:
            batch.launch()
        self.release()

    def release(self) -> None:
        """Let go of the gradients, but for small ones."""
        if not self._taken:
            for batch in self._batches:
                batch.release()

    def set_rate(self, name: str, rate: Any) -> None:
        """Another learning rate of a group."""
        for batch in self._batches:
            if name in batch.groups:
                batch.groups[name].rate = rate
                batch.engine.refresh()

    def average(self) -> Any:
        """The moving averages, copied, in the structure of the parameters."""
        found: list[Any] = [None] * len(self._leaves)
        for batch, members in zip(self._batches, self._members, strict=True):
            for i, t, mean in zip(members, batch.engine.t, batch.means, strict=True):
                leaf = self._leaves[i]
                found[i] = leaf.copy(mean if t else leaf.x)
        return self._structure.build(found)

    def state(self) -> dict[str, Any]:
        """The arrays of the state by name, on the host; copied if they are not there."""
        found: dict[str, Any] = {}
        for leaf, t, own in self._states():
            found[f"{STEPS}{SEPARATOR}{leaf.path}"] = t
            for name, a in own.items():
                found[f"{name}{SEPARATOR}{leaf.path}"] = leaf.host(a)
        return found

    def _states(self) -> Iterator[tuple[Leaf, Any, dict[str, Any]]]:
        """Each array, the steps it has made, and the arrays of its state by name."""
        for batch in self._batches:
            for i, (leaf, t) in enumerate(zip(batch.leaves, batch.engine.t, strict=True)):
                own = dict(zip(batch.rule.slots, batch.slots[i], strict=True))
                yield leaf, t, {**own, MEAN: batch.means[i]} if batch.means else own

    def load(self, state: Mapping[str, Any]) -> None:
        """Copy the arrays of a state that was checked."""
        for leaf, _, own in self._states():
            for name, a in own.items():
                leaf.assign(a, state[f"{name}{SEPARATOR}{leaf.path}"])
        for batch in self._batches:
            paths = [leaf.path for leaf in batch.leaves]
            batch.engine.t = [int(state[f"{STEPS}{SEPARATOR}{path}"]) for path in paths]

    def __getstate__(self) -> Any:
        """Refuse to be copied or pickled: the addresses in it would lead to other arrays."""
        raise TypeError(
            "an Optimizer that has begun knows where its parameters are in memory, and cannot be "
            "copied or pickled; make another one and load state_dict() into it."
        )


def _foreign(leaves: list[Leaf]) -> list[Leaf]:
    """Those that are arrays of other libraries."""
    return [leaf for leaf in leaves if not isinstance(leaf.given, np.ndarray)]
