"""Files of predictions that hang on digits, and what real scikit-learn makes of them, for `chexgpu evaluate`.

    python make_evaluate.py evaluate.json

Needs scikit-learn, numpy and pandas. Every file is written out, so that test/eval/scores/evaluate.test.ts hands the
same bytes to the command. pandas reads them with float_precision="round_trip": its usual parser may miss the nearest
float64 by one.
"""
import io
import json
import sys

import numpy as np
import pandas
import sklearn
from sklearn.metrics import average_precision_score, roc_auc_score

from generated import uniform
from make_scores import delong

ROWS = 40


def draw(key, size=ROWS):
    return uniform(5, key, size, 0, 1).astype(np.float64)


def truth(key):
    return (draw(f"truth {key}") < 0.4).astype(int)


def leaning(key):
    """0..1, higher where the label is 1."""
    return 0.7 * draw(f"score {key}") + 0.3 * truth(key)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def around(value, key):
    """The same number and its next neighbours in float64."""
    steps = np.floor(leaning(key) * 5).astype(int)
    found = []
    for step in steps:
        x = value
        for _ in range(step):
            x = np.nextafter(x, 1)
        found.append(repr(float(x)))
    return found


def pick(texts, key):
    return [texts[int(v * len(texts))] for v in draw(f"pick {key}")]


def texts(numbers):
    return [repr(float(x)) for x in numbers]


HALVES = ["0.5", "5e-1", "5E-01", ".5", "0.50000000000000000000", "+0.5", "0.5000000000000001", "0.4999999999999999"]
UNDERFLOW = ["1e-400", "0", "0.0", "5e-324", "4.9e-324", "1e-323", "2e-324", "1E-310", "0e5"]
ROUNDING = ["0.1", "0.1000000000000000055511151231257827", "0.10000000000000001", "0.10000000000000002", "1.e-1"]
ONES = ["1", "1.", "1.0", "1e0", "0.99999999999999999999", "0.9999999999999999", "0.99999994", "10e-1"]

COLUMNS = {
    "Saturated": lambda k: texts(1 - 1e-9 * (1 - leaning(k))),
    "Logits": lambda k: texts(sigmoid(20 + 15 * leaning(k))),
    "Tiny": lambda k: texts(1e-45 * leaning(k)),
    "Denormal": lambda k: texts(np.floor(leaning(k) * 30) * 5e-324),
    "Close": lambda k: texts(0.73 + 6e-8 * leaning(k)),
    "Neighbours": lambda k: around(0.3, k),
    "Digits": lambda k: texts(leaning(k)),
    "Float32": lambda k: [str(np.float32(x)) for x in leaning(k)],
    "Halves": lambda k: pick(HALVES, k),
    "Underflow": lambda k: pick(UNDERFLOW, k),
    "Rounding": lambda k: pick(ROUNDING, k),
    "Ones": lambda k: pick(ONES, k),
}


def plain(names):
    table = {"Image": [f"{i:04}.png" for i in range(ROWS)], "PatientId": [str(i) for i in range(ROWS)]}
    for name in names:
        table[name] = [str(v) for v in truth(name)]
        table[f"{name}_pred"] = COLUMNS[name](name)
    return table


def lines(table, names=None):
    names = names or list(table)
    return [",".join(names)] + [",".join(row) for row in zip(*(table[name] for name in names))]


def files():
    names = list(COLUMNS)
    table = plain(names)
    yield "all", "\n".join(lines(table)) + "\n"
    yield "other order", "\r\n".join(lines(table, list(table)[::-1])) + "\r\n"
    few = plain(["Neighbours", "Tiny"])
    rows = lines(few)
    mixed = "".join(row + end for row, end in zip(rows, ["\r\n", "\n", "\r"] * ROWS))
    yield "mixed line ends", mixed
    yield "CR only, no end", "\r".join(rows)
    yield "BOM and blank lines", "\ufeff" + "\n\n".join(rows) + "\n\n\n"
    yield "index", "\n".join([f",{rows[0]}"] + [f"{i},{row}" for i, row in enumerate(rows[1:])])
    yield "index read and written", "\n".join([f"Unnamed: 0,{rows[0]}"] + [f"{i},{r}" for i, r in enumerate(rows[1:])])
    yield "repeated rows", "\n".join(rows + rows[1:9] + rows[1:3])
    yield "long ids", "\n".join([rows[0]] + [row.replace(".png,", ".png,20536686640136348236148679891455886", 1) for row in rows[1:]])
    yield "quotes and blanks", "\n".join(", ".join(f'"{cell}"' if i % 2 else cell for i, cell in enumerate(row.split(","))) for row in rows)


def answers(text):
    frame = pandas.read_csv(io.StringIO(text), float_precision="round_trip", skipinitialspace=True)
    found = {}
    for column in frame.columns:
        if not column.endswith("_pred"):
            continue
        name = column[: -len("_pred")]
        y, scores = frame[name].to_numpy(float), frame[column].to_numpy(float)
        found[name] = [float(roc_auc_score(y, scores)), float(average_precision_score(y, scores)), *delong(y, scores)]
    return found


if __name__ == "__main__":
    golden = {
        "made_with": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "pandas": pandas.__version__},
        "file": "text, then AUC, average precision and DeLong's ends of each class",
        "files": {name: {"text": text, "classes": answers(text)} for name, text in files()},
    }
    with open(sys.argv[1], "w") as file:
        json.dump(golden, file, separators=(",", ":"), ensure_ascii=True)
        file.write("\n")
