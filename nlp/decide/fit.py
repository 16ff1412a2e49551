"""Fits a `Chooser`: conditional logistic regression, a set of right candidates a choice, L2-penalised, by L-BFGS."""

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


class Design:
    """The examples of one decision as a sparse matrix, built once for every fit on a part of them.

    Args:
        choices: examples.
        min_reports: a feature counts when this many reports have it.
    """

    def __init__(self, choices: Sequence[Choice], *, min_reports: int = 3) -> None:
        index: dict[str, int] = {}
        last: list[int] = []  # report in which a feature was last seen
        reports: list[int] = []  # in how many it was seen
        pointers, columns = [0], []
        starts, right = [0], []
        by_report = sorted(choices, key=lambda c: c.group)
        for choice in by_report:
            base = len(pointers) - 1
            for candidate in choice.candidates:
                for name in candidate:
                    i = index.setdefault(name, len(last))
                    if i == len(last):
                        last.append(-1)
                        reports.append(0)
                    if last[i] != choice.group:
                        last[i] = choice.group
                        reports[i] += 1
                    columns.append(i)
                pointers.append(len(columns))
            right += [base + r for r in choice.right]
            starts.append(len(pointers) - 1)
        self.groups = np.asarray([c.group for c in by_report])
        shape = (len(pointers) - 1, len(index))
        matrix = sparse.csr_matrix((np.ones(len(columns)), columns, pointers), shape=shape)
        kept = np.flatnonzero(np.asarray(reports) >= min_reports) if index else np.zeros(0, dtype=int)
        names = list(index)
        kept = np.asarray(sorted(kept, key=lambda i: names[i]), dtype=int)  # the order must not depend on the examples'
        self.names = [names[i] for i in kept]
        self.matrix = matrix.tocsc()[:, kept].tocsr() if len(kept) else sparse.csr_matrix((shape[0], 0))
        self.starts = np.asarray(starts)
        self.owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        self.allowed = np.full(shape[0], -np.inf)
        self.allowed[right] = 0.0

    def fit(self, weight: np.ndarray, *, l2: float) -> Chooser:
        """The weights that make the allowed candidates most probable.

        Args:
            weight: one a choice; 0 leaves the choice out.
            l2: penalty on squared weights.
        """
        if not self.names:
            return Chooser({})

        def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
            scores = self.matrix @ w
            log_all, p_all = _log_softmax(scores, self.starts, self.owner)
            log_right, p_right = _log_softmax(scores + self.allowed, self.starts, self.owner)
            value = float(np.sum(weight * (log_all - log_right))) + 0.5 * l2 * float(w @ w)
            return value, self.matrix.T @ (weight[self.owner] * (p_all - p_right)) + l2 * w

        start = np.zeros(len(self.names))
        result = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 120, "ftol": 1e-7})
        return Chooser({name: float(v) for name, v in zip(self.names, result.x, strict=True)})


def _log_softmax(scores: np.ndarray, starts: np.ndarray, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per choice the log of the summed exponentials; per candidate its share of them."""
    top = np.maximum.reduceat(scores, starts[:-1])
    exponentials = np.exp(scores - top[owner])
    total = np.add.reduceat(exponentials, starts[:-1])
    return top + np.log(total), exponentials / total[owner]
