"""Fits a `Chooser`: conditional logistic regression with a set of right candidates a choice, L2-penalised, by L-BFGS."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

from .model import Chooser


@dataclass(frozen=True)
class Choice:
    """One training example. `right`: numbers of the candidates that the annotation allows; `group`: its report."""

    candidates: Sequence[Sequence[str]]
    right: tuple[int, ...]
    group: int
    weight: float = 1.0


def fit(choices: Sequence[Choice], *, l2: float = 1.0, min_reports: int = 3) -> Chooser:
    """The weights that make the allowed candidates most probable.

    Args:
        choices: examples; their order does not change the result beyond rounding.
        l2: penalty on squared weights.
        min_reports: a feature counts when this many reports have it.
    """
    names = _vocabulary(choices, min_reports)
    if not names:
        return Chooser({})
    index = {name: i for i, name in enumerate(names)}
    matrix, starts, right, weight = _matrix(choices, index)
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    allowed = np.full(matrix.shape[0], -np.inf)
    allowed[right] = 0.0

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        scores = matrix @ w
        log_all, p_all = _log_softmax(scores, starts, owner)
        log_right, p_right = _log_softmax(scores + allowed, starts, owner)
        value = float(np.sum(weight * (log_all - log_right))) + 0.5 * l2 * float(w @ w)
        gradient = matrix.T @ (weight[owner] * (p_all - p_right)) + l2 * w
        return value, gradient

    result = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B", options={"maxiter": 200, "maxfun": 250})
    return Chooser({name: float(v) for name, v in zip(names, result.x, strict=True)})


def _vocabulary(choices: Sequence[Choice], min_reports: int) -> list[str]:
    seen: dict[str, set[int]] = {}
    for choice in choices:
        for candidate in choice.candidates:
            for name in candidate:
                found = seen.setdefault(name, set())
                if len(found) < min_reports:
                    found.add(choice.group)
    return sorted(name for name, groups in seen.items() if len(groups) >= min_reports)


def _matrix(choices: Sequence[Choice], index: dict[str, int]) -> tuple[sparse.csr_matrix, np.ndarray, list[int], np.ndarray]:
    pointers, columns, values = [0], [], []
    starts, right, weight = [0], [], []
    for choice in choices:
        base = len(pointers) - 1
        for candidate in choice.candidates:
            counted = Counter(index[name] for name in candidate if name in index)
            columns += counted.keys()
            values += counted.values()
            pointers.append(len(columns))
        right += [base + r for r in choice.right]
        starts.append(len(pointers) - 1)
        weight.append(choice.weight)
    shape = (len(pointers) - 1, len(index))
    matrix = sparse.csr_matrix((np.asarray(values, dtype=float), columns, pointers), shape=shape)
    return matrix, np.asarray(starts), right, np.asarray(weight)


def _log_softmax(scores: np.ndarray, starts: np.ndarray, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per choice the log of the summed exponentials; per candidate its share of them."""
    top = np.maximum.reduceat(scores, starts[:-1])
    exponentials = np.exp(scores - top[owner])
    total = np.add.reduceat(exponentials, starts[:-1])
    return top + np.log(total), exponentials / total[owner]
