"""Bootstrap intervals of the mean AUC to check src/eval/scores/bootstrap.ts against.

    python make_bootstrap.py bootstrap.json

Needs scikit-learn and numpy. Groups are drawn by NumPy's RandomState, every draw is scored by scikit-learn's
roc_auc_score with each row weighted by how often its group was drawn, and percentile() gives the interval. Labels and
scores come from generated.py, and test/eval/scores/bootstrap.test.ts draws the very same ones.
"""
import json
import sys

import numpy as np
import sklearn
from sklearn.metrics import roc_auc_score

from generated import uniform

SEED = 11
CLASSES = 3
#: rows, groups or None for each row by itself, share of unknown labels, levels of the scores or None, draws
CASES = ((40, 12, 0.0, None, 60), (90, None, 0.0, 6, 40), (70, 20, 0.15, 10, 50))


def draw(key, size):
    return uniform(SEED, key, size, 0, 1).astype(np.float64)


def table(case, rows, unknown, levels, name):
    truth = (draw(f"truth {case}", rows * CLASSES) < 0.3).astype(np.float64).reshape(rows, CLASSES)
    truth[draw(f"unknown {case}", rows * CLASSES).reshape(rows, CLASSES) < unknown] = np.nan
    noise = draw(f"{name} {case}", rows * CLASSES).reshape(rows, CLASSES)
    scores = (np.nan_to_num(truth, nan=0.5) * 0.4 + noise) / 1.4
    return truth, scores if levels is None else np.floor(scores * levels) / levels


def mean_auc(truth, scores, times):
    values = []
    for c in range(CLASSES):
        known = ~np.isnan(truth[:, c]) & (times > 0)
        labels = truth[known, c]
        if labels.min(initial=1) == labels.max(initial=0):
            return None
        values.append(roc_auc_score(labels, scores[known, c], sample_weight=times[known]))
    return float(np.mean(values))


def run(case, rows, groups, unknown, levels, draws):
    truth, scores = table(case, rows, unknown, levels, "a")
    _, others = table(case, rows, unknown, levels, "b")
    of = np.arange(rows) if groups is None else np.floor(draw(f"groups {case}", rows) * groups).astype(int)
    # Numbered in the order in which they come.
    order = list(dict.fromkeys(of.tolist()))
    of = np.array([order.index(g) for g in of])
    random = np.random.RandomState(SEED)
    ours, theirs, redrawn = [], [], 0
    while len(ours) < draws:
        drawn = np.bincount([random.choice(len(order)) for _ in order], minlength=len(order))
        a = mean_auc(truth, scores, drawn[of])
        b = mean_auc(truth, others, drawn[of])
        if a is None or b is None:
            redrawn += 1
            continue
        ours.append(a)
        theirs.append(b)
    once = np.ones(rows)
    differences = np.array(ours) - np.array(theirs)
    return {
        "mean": mean_auc(truth, scores, once),
        "interval": [float(v) for v in np.percentile(ours, (2.5, 97.5))],
        "redrawn": redrawn,
        "groups": len(order),
        "difference": mean_auc(truth, scores, once) - mean_auc(truth, others, once),
        "differenceInterval": [float(v) for v in np.percentile(differences, (2.5, 97.5))],
        "shareBelowZero": float(np.mean((differences < 0) + 0.5 * (differences == 0))),
    }


if __name__ == "__main__":
    cases = [run(i, *case) for i, case in enumerate(CASES)]
    versions = f"scikit-learn {sklearn.__version__}, numpy {np.__version__}"
    with open(sys.argv[1], "w") as file:
        json.dump({"made by": versions, "seed": SEED, "cases": cases}, file, indent=1)
        file.write("\n")
