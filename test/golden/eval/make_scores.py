"""Real scikit-learn's scores to check src/eval/scores/roc.ts and src/eval/scores/averages.ts against.

    python make_scores.py scores.json [DATA]    DATA is the folder with the real predictions; without it the
                                                entry "files" of the existing scores.json is kept

Needs scikit-learn and numpy. Labels, scores and weights of every case come from generated.py, and
test/eval/scores/averages.test.ts draws the very same ones. scikit-learn has no confidence interval: DeLong's comes
from a double loop over all pairs of a positive and a negative, in exact fractions up to the square root.
"""
import csv
import hashlib
import json
import os
import sys
import warnings
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from generated import uniform

SEED = 7
CASES = 1000
MATRICES = 60
CURVES = 10
LEVELS = (0, 2, 3, 5, 10, 40, 1000, None)
SCALES = (1.0, 20.0, 1e-3, 100.0)
FILES = ("reference/course-train-predictions.csv", "nih/keras-nearest320/predictions.csv")
LABELS = (
    "Cardiomegaly Emphysema Effusion Hernia Infiltration Mass Nodule Atelectasis Pneumothorax "
    "Pleural_Thickening Pneumonia Fibrosis Edema Consolidation"
).split()

warnings.filterwarnings("ignore")


def draw(key, size):
    return uniform(SEED, key, size, 0, 1).astype(np.float64)


def weights_of(kind, key, rows):
    w = draw(key, rows)
    if kind < 2:
        return None
    if kind == 2:
        return np.floor(w * 5)
    if kind == 3:
        return w
    if kind == 4:
        return np.where(w < 0.5, 0.0, w)
    return w * w * w * 1000


def case(i):
    """(y, scores, weights or None, drop_intermediate) of one class."""
    p = draw(f"case {i}", 8)
    rows = 1 + int(p[0] * 300)
    y = (draw(f"labels {i}", rows) < p[1]).astype(np.float64)
    if p[2] < 0.06:
        y[:] = 0 if p[2] < 0.03 else 1
    levels = LEVELS[int(p[3] * len(LEVELS))]
    scores = draw(f"scores {i}", rows) + p[4] * y
    if levels == 0:
        scores[:] = 0.5
    elif levels:
        scores = np.floor(scores * levels) / levels
    scores = (scores - 0.5) * SCALES[int(p[5] * len(SCALES))]
    return y, scores, weights_of(int(p[6] * 6), f"weights {i}", rows), bool(p[7] < 0.5)


def matrix(i):
    """(y[b,classes], scores[b,classes], weights or None)."""
    p = draw(f"matrix {i}", 4)
    rows, classes = 1 + int(p[0] * 60), 2 + int(p[1] * 4)
    y = draw(f"matrix labels {i}", rows * classes) < (0 if i % 20 == 0 else 0.1 + 0.5 * p[2])
    scores = np.floor(draw(f"matrix scores {i}", rows * classes) * 20) / 20
    weights = weights_of(int(p[3] * 6), f"matrix weights {i}", rows)
    return y.astype(np.float64).reshape(rows, classes), scores.reshape(rows, classes), weights


def number(value):
    return None if np.isnan(value) else float(value)


def mean(values):
    """From the first to the last, one by one; np.sum would add in pairs."""
    return float(np.cumsum(values)[-1]) / len(values)


def curve_facts(y, scores, weights, drop):
    """Points without and with the intermediate ones, means of the curve, SHA-256 of both curves' bytes."""
    curves = [roc_curve(y, scores, sample_weight=weights, drop_intermediate=d) for d in (True, False)]
    digest = hashlib.sha256()
    for part in [array for curve in curves for array in curve]:
        digest.update(part.astype("<f8").tobytes())
    fpr, tpr, thresholds = curves[0 if drop else 1]
    means = [mean(fpr), mean(tpr), mean(fpr * tpr), mean(thresholds[1:])]
    return [len(curves[0][0]), len(curves[1][0]), *means, digest.hexdigest()[:16]]


def delong(y, scores):
    """[low, high], or nulls where the variance is 0 or not to be had."""
    positive, negative = scores[y == 1].tolist(), scores[y == 0].tolist()
    m, n = len(positive), len(negative)
    if m < 2 or n < 2:
        return [None, None]
    below, above = [0] * m, [0] * n  # twice the count, so that a tie is a whole number
    for i, x in enumerate(positive):
        for j, z in enumerate(negative):
            won = 2 if x > z else 1 if x == z else 0
            below[i] += won
            above[j] += won

    def mean_variance(counts, others):
        placements = [Fraction(count, 2 * others) for count in counts]
        centre = sum(placements) / len(placements)
        return sum((p - centre) ** 2 for p in placements) / (len(placements) - 1) / len(placements)

    variance = mean_variance(below, n) + mean_variance(above, m)
    if variance == 0:
        return [None, None]
    area = float(Fraction(sum(below), 2 * m * n))
    half = NormalDist().inv_cdf(0.975) * float(variance) ** 0.5
    return [max(0.0, area - half), min(1.0, area + half)]


def case_row(i):
    y, scores, weights, drop = case(i)
    area = number(roc_auc_score(y, scores, sample_weight=weights))
    row = [area, float(average_precision_score(y, scores, sample_weight=weights))]
    if area is None:
        return row
    row += curve_facts(y, scores, weights, drop)
    if weights is None and len(y) <= 150:
        row += delong(y, scores)
    return row


def whole_curves():
    found = []
    for i in range(CASES):
        y, scores, weights, drop = case(i)
        if not 8 <= len(y) <= 40 or len(set(y)) < 2 or len(found) % 2 != int(weights is not None):
            continue
        fpr, tpr, thresholds = roc_curve(y, scores, sample_weight=weights, drop_intermediate=drop)
        if np.isnan(fpr).any() or np.isnan(tpr).any() or len(fpr) < 4:
            continue
        finite = [None, *thresholds[1:].tolist()]
        found.append({"case": i, "fpr": fpr.tolist(), "tpr": tpr.tolist(), "thresholds": finite})
        if len(found) == CURVES:
            return found
    raise SystemExit("too few small cases")


def rounding_curve():
    """Where the second difference of sums of weights is 0 as np.diff takes it, but not as a - 2 b + c."""
    y, scores, weights = [1, 1, 1, 0], [0.9, 0.8, 0.7, 0.6], [0.1, 1.0, 1.0, 1.0]
    fpr, tpr, thresholds = roc_curve(y, scores, sample_weight=weights)
    assert len(fpr) == 4
    return [fpr.tolist(), tpr.tolist(), [None, *thresholds[1:].tolist()]]


def averages(y, scores, weights):
    """Per average: [AUC, average precision]; `None` holds a list of each."""
    result = {}
    for average in ("macro", "micro", "weighted", None):
        pair = []
        for metric in (roc_auc_score, average_precision_score):
            value = metric(y, scores, average=average, sample_weight=weights)
            pair.append([number(v) for v in value] if average is None else number(value))
        result[str(average)] = pair
    return result


def answer(y, scores, weights=None):
    try:
        return number(roc_auc_score(y, scores, sample_weight=weights))
    except Exception as error:
        return type(error).__name__


def refusals():
    """What scikit-learn says to input that chexgpu refuses."""
    y, s = [0, 1, 0, 1], [0.1, 0.35, 0.4, 0.8]
    inf, nan = float("inf"), float("nan")
    return {
        "score NaN": answer(y, [0.1, nan, 0.4, 0.8]),
        "score Infinity": answer(y, [0.1, inf, 0.4, 0.8]),
        "score -Infinity": answer(y, [0.1, -inf, 0.4, 0.8]),
        "scores of another length": answer(y, s[:3]),
        "weights of another length": answer(y, s, [1, 1, 1]),
        "weight NaN": answer(y, s, [1, nan, 1, 1]),
        "weight Infinity": answer(y, s, [1, inf, 1, 1]),
        "weights all 0": answer(y, s, [0, 0, 0, 0]),
        "weight negative": answer(y, s, [1, -0.5, 1, 2]),
        "no rows": answer([], []),
    }


def file_facts(path):
    """Scores as the file's decimals say, in float64."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    y = np.array([[float(row[label]) for label in LABELS] for row in rows])
    scores = np.array([[float(row[f"{label}_pred"]) for label in LABELS] for row in rows])
    written = scores.astype(np.float32)
    classes = []
    for c in range(len(LABELS)):
        truth, score = y[:, c], scores[:, c]
        area, precision = roc_auc_score(truth, score), average_precision_score(truth, score)
        # The decimals of the file order the rows exactly as the float32 that the network gave.
        assert area == roc_auc_score(truth, written[:, c])
        assert precision == average_precision_score(truth, written[:, c])
        classes.append([area, precision, *curve_facts(truth, score, None, True), *delong(truth, score)])
    return {"rows": len(rows), "classes": classes, "averages": averages(y, scores, None)}


def main(target, data=None):
    if data:
        files = {name: file_facts(os.path.join(data, name)) for name in FILES}
    else:
        with open(target) as file:
            files = json.load(file)["files"]
    golden = {
        "made_with": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "case": "AUC, average precision, points dropped and full, means of fpr, tpr, fpr*tpr and finite "
        "thresholds, SHA-256 of both curves, DeLong's low and high; null where scikit-learn says nan",
        "cases": [case_row(i) for i in range(CASES)],
        "curves": whole_curves(),
        "rounding": rounding_curve(),
        "matrices": [averages(*matrix(i)) for i in range(MATRICES)],
        "refusals": refusals(),
        "files": files,
    }
    # One case a line, so that a change shows.
    text = json.dumps(golden, separators=(",", ":")).replace("],[", "],\n[").replace("},{", "},\n{")
    with open(target, "w") as file:
        file.write(text + "\n")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
