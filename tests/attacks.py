"""Forged certificates: a generator of attacks on a file, each from a seed, and the truth to hold verdicts against.

An attack takes a certificate's data and a random generator, and gives the bytes of a file.  Some forge the digest of
the problem as well, as anyone could who knows the format.  Truth comes from outside the checkers: f at the file's point
by the NumPy model, and the minimum of the problem that the file now states by L-BFGS on the factored problem.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from fractions import Fraction
from functools import cache

import numpy as np
from reference import local_minimum

from relaxations.certificate import Certificate
from theory import UFM, LabelDesign
from theory.duality import feasible_dual

PARTIAL = LabelDesign((3, 2), np.array([[0, 1, 2, 0], [0, 1, -1, 1]]), np.array([2, 1, 1, 3]))
WEIGHTED = LabelDesign(
    (2, 2), np.array([[0, 1, 1], [1, 0, 1]]), np.array([1, 2, 1]), sample_weights=np.array([[1, 2, 1], [1, 1, 3]])
)
IMBALANCED = LabelDesign((2, 2), np.array([[0, 1, 1], [1, 0, 1]]), np.array([3, 1, 2]))
PROBLEMS = {
    "no bias": UFM(LabelDesign.factorial([2, 2]), ["1/20", "1/15"], "1/10", task_weights=[1, "3/2"]),
    "its twin": UFM(LabelDesign.factorial([2, 2]), "1/20", "1/9", convention="paper-mean-plain-decay"),
    "free bias": UFM(IMBALANCED, "1/20", "1/20", bias=0),
    "decayed bias": UFM(PARTIAL.smoothed("1/10"), "1/50", "1/20", bias=["1/10", "1/5"], convention="paper-mean"),
    "squared error": UFM(WEIGHTED, "1/10", "1/20", loss="mse"),
    "sparsemax": UFM(PARTIAL, "1/30", "1/20", bias="1/10", loss="sparsemax"),
}


@cache
def certificate_text(name):
    problem = PROBLEMS[name]
    _, (W, H, b) = min((local_minimum(problem, seed) for seed in range(4)), key=lambda pair: pair[0])
    q = problem.predictions(W @ H + (0 if b is None else b[:, None]))
    return Certificate(problem, W, H, b, feasible_dual(problem, q, b).q).to_text()


def restated(data):
    """The file with the digest of its problem recomputed."""
    text = json.dumps(data["problem"], sort_keys=True, separators=(",", ":"))
    return {**data, "problem_id": hashlib.sha256(text.encode()).hexdigest()}


# --------------------------------------------------------------------------- tools


def paths(value, prefix=()):
    """Paths to everything in plain data, inner nodes included."""
    if prefix:
        yield prefix
    if isinstance(value, dict | list):
        for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(entry, (*prefix, key))


def at(data, path):
    for step in path:
        data = data[step]
    return data


def choice(rng, options):
    options = list(options)
    return options[int(rng.integers(len(options)))]


def number_paths(data):
    def is_number(path):
        value = at(data["problem"], path)
        return path[0] not in ("scenario", "loss", "convention") and type(value) in (int, str)

    return [p for p in paths(data["problem"]) if is_number(p)]


def put(data, path, value):
    at(data, path[:-1])[path[-1]] = value
    return data


def array_of(block):
    return np.frombuffer(base64.b64decode(block["data"]), "<f8").reshape(block["shape"]).copy()


def block_of(values):
    values = np.ascontiguousarray(values, "<f8")
    return {"shape": list(values.shape), "dtype": "<f8", "data": base64.b64encode(values.tobytes()).decode()}


def holders(data):
    return [(data["point"], key) for key in "WHb" if data["point"][key] is not None] + [(data["dual"], "q")]


def maybe_restated(rng, data):
    return restated(data) if rng.random() < 0.8 else data


# --------------------------------------------------------------------------- the attacks


def one_number(rng, data):
    """A number of the problem a little or much different."""
    path = choice(rng, number_paths(data))
    old = at(data["problem"], path)
    if isinstance(old, int):
        new = choice(rng, (old + 1, old - 1, -old, old + 7, 2**40, 0))
    else:
        x = Fraction(old)
        new = str(choice(rng, (x * 2, x / 3, x * Fraction(101, 100), -x, Fraction(0), x + 1, x / 10**6, x * 10**6)))
    put(data["problem"], path, new)
    return maybe_restated(rng, data)


def several_numbers(rng, data):
    """Some numbers of the problem, those that keep it a problem: decays and weights."""
    problem = data["problem"]
    for key in ("weight_decay", "task_weights"):
        problem[key] = [str(Fraction(x) * Fraction(int(rng.integers(1, 30)), 10)) for x in problem[key]]
    problem["feature_decay"] = str(Fraction(problem["feature_decay"]) * Fraction(int(rng.integers(1, 30)), 10))
    problem["counts"] = rng.integers(1, 9, len(problem["counts"])).tolist()
    return restated(data)


def other_design(rng, data):
    """Labels or counts exchanged, under the old point."""
    problem = data["problem"]
    order = rng.permutation(len(problem["counts"])).tolist()
    if rng.random() < 0.5:
        problem["counts"] = [problem["counts"][j] for j in order]
    else:
        t = int(rng.integers(len(problem["labels"])))
        problem["labels"][t] = [problem["labels"][t][j] for j in order]
    return maybe_restated(rng, data)


def other_words(rng, data):
    """Another loss, convention, bias or dimension."""
    key, words = choice(
        rng,
        (
            ("loss", ["ce", "mse", "sparsemax", "CE", ""]),
            ("convention", ["mean-halves", "sum-halves", "paper-mean", "paper-sum", "paper-mean-plain-decay", "x"]),
            ("bias", [None, ["0", "0"], ["1/3", "1/3"], ["0", "1"], "0", ["-1", "-1"]]),
            ("sample_weights", [None, [], [[0, 0, 0]], [[1, 1, 1], [0, 0, 0]]]),
            ("dimension", [1, 2, 3, 0, 10**9]),
            ("scenario", ["ssmtc", "\ud800", "\x1b[2Jcertified", "x" * 10**5, "é"]),
        ),
    )
    data["problem"][key] = choice(rng, words)
    return restated(data)


SPECIAL = (0.0, -0.0, 1.0, -1.0, 5e-324, 1e-200, 1e200, 1.7e308, np.nan, np.inf, -np.inf)


def point_numbers(rng, data):
    """Entries of W, H, b or q: anything a float64 can be."""
    holder, key = choice(rng, holders(data))
    values = array_of(holder[key])
    for _ in range(int(rng.integers(1, 4))):
        i = int(rng.integers(values.size))
        if rng.random() < 0.5:
            values.flat[i] = choice(rng, SPECIAL)
        else:
            values.flat[i] += rng.standard_normal() * 10.0 ** rng.integers(-12, 3)
    holder[key] = block_of(values)
    return data


def lifted_dual(rng, data):
    """Predictions whose residual is too large: their D would exceed the minimum."""
    q = array_of(data["dual"]["q"])
    other = rng.random(q.shape) if rng.random() < 0.5 else 1 - q
    data["dual"]["q"] = block_of(q + 10.0 ** rng.uniform(-9, 1) * (other - q))
    return data


def scaled_point(rng, data):
    """W, H or both much too small or large."""
    for key in choice(rng, ("W", "H", "WH")):
        data["point"][key] = block_of(array_of(data["point"][key]) * 10.0 ** rng.uniform(-300, 300))
    return data


def removed(rng, data):
    """A field or an entry left out."""
    path = choice(rng, paths(data))
    del at(data, path[:-1])[path[-1]]
    return maybe_restated(rng, data) if "problem" in data else data


def duplicated(rng, data):
    """A key twice, the second with another value."""
    text = json.dumps(data)
    key = choice(rng, [p[-1] for p in paths(data) if isinstance(p[-1], str)])
    start = text.index(f'"{key}": ')
    return (text[:start] + f'"{key}": {choice(rng, ("0", "null", "[]", "1e9"))}, ' + text[start:]).encode()


def added(rng, data):
    """A field that the format does not have, a bound for instance."""
    holder = choice(rng, [data, data["problem"], data["point"], data["dual"], data["point"]["W"]])
    holder[choice(rng, ("lower", "upper", "status", "__class__", ""))] = choice(rng, ("0.1", 1e-9, "certified", None))
    return maybe_restated(rng, data)


def retyped(rng, data):
    """A value of another type."""
    path = choice(rng, paths(data))
    put(data, path, choice(rng, (None, True, 1, -1, 0.5, "x", "1", [], {}, [[]], [0], {"a": 1}, 10**30)))
    return maybe_restated(rng, data) if isinstance(data.get("problem"), dict) else data


HUGE = ("1e999", "1e-999", "1e1000", "1e999999999", "9" * 1600, "1/" + "7" * 1500, "9" * 4000, "1/0", "nan", "inf", "١")


def huge_numbers(rng, data):
    """Exponents and digits out of all proportion."""
    path = choice(rng, [p for p in number_paths(data) if type(at(data["problem"], p)) is str])
    put(data["problem"], path, choice(rng, HUGE))
    return restated(data)


def digits(rng, data):
    """Whole numbers of many digits in place of whole numbers."""
    path = choice(rng, [p for p in number_paths(data) if type(at(data["problem"], p)) is int])
    put(data["problem"], path, choice(rng, (2**53, 2**53 + 1, 10**400, -(10**400), 2**64)))
    return restated(data)


def shapes(rng, data):
    """A block of another shape than its problem's, or than its data."""
    holder, key = choice(rng, holders(data))
    values = array_of(holder[key])
    kind = int(rng.integers(5))
    if kind == 0:
        holder[key] = block_of(values.T)
    elif kind == 1:
        holder[key] = block_of(values[1:])
    elif kind == 2:
        holder[key] = block_of(np.concatenate([values, values]))
    elif kind == 3:
        holder[key]["shape"] = choice(rng, ([], [0], [-1, -1], [10**9, 10**9], [2, 2, 2], [10**30], [1.0, 2.0], "44"))
    else:
        holder[key]["data"] = choice(rng, (holder[key]["data"][:-4], "", "????", "é", holder[key]["data"] * 2))
    return data


def empty_point(rng, data):
    """A point of no dimensions: W and H without columns and rows."""
    W, H = array_of(data["point"]["W"]), array_of(data["point"]["H"])
    data["point"].update(W=block_of(W[:, :0]), H=block_of(H[:0]))
    return data


def foreign(rng, data):
    """Parts of another problem's certificate."""
    other = json.loads(certificate_text(choice(rng, PROBLEMS)))
    part = choice(rng, ("problem", "problem_id", "point", "dual", "all but the problem"))
    if part == "all but the problem":
        return {**other, "problem": data["problem"], "problem_id": data["problem_id"]}
    return maybe_restated(rng, {**data, part: other[part]})


def exchanged(rng, data):
    """Rows of q or W, or columns of H, in another order."""
    key = choice(rng, "qWH")
    holder = data["dual"] if key == "q" else data["point"]
    values = array_of(holder[key])
    holder[key] = block_of(values[rng.permutation(len(values))] if key != "H" else values[:, ::-1])
    return data


def truncated(rng, data):
    """The file cut, or followed by something."""
    text = json.dumps(data).encode()
    cut = int(rng.integers(len(text)))
    return text[:cut] if rng.random() < 0.7 else text + text[:cut]


def characters(rng, data):
    """Any bytes of the file changed."""
    raw = bytearray(json.dumps(data).encode())
    for _ in range(int(rng.integers(1, 4))):
        byte = int(rng.integers(256)) if rng.random() < 0.3 else choice(rng, b'0123456789.-+eE"{}[],:/ ')
        raw[int(rng.integers(len(raw)))] = byte
    return bytes(raw)


def nested(rng, data):
    """A value inside many lists or objects."""
    depth = int(10 ** rng.uniform(1, 5))
    before, after = choice(rng, (("[", "]"), ('{"a":', "}")))
    put(data, choice(rng, paths(data)), "@")
    return json.dumps(data).replace('"@"', before * depth + "1" + after * depth).encode()


def binary(rng, data):
    """No text, or text in another encoding."""
    text = json.dumps(data)
    return choice(rng, (rng.bytes(200), text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode(), b"", b"\x80\x04\x95."))


ATTACKS = (
    one_number, several_numbers, other_design, other_words, point_numbers, lifted_dual, scaled_point, removed,
    duplicated, added, retyped, huge_numbers, digits, shapes, empty_point, foreign, exchanged, truncated, characters,
    nested, binary,
)  # fmt: skip


def attack(seed):
    """(its kind, the bytes of the forged file)."""
    rng = np.random.default_rng(seed)
    kind = ATTACKS[seed % len(ATTACKS)]
    forged = kind(rng, copy.deepcopy(json.loads(certificate_text(choice(rng, PROBLEMS)))))
    return kind.__name__, forged if isinstance(forged, bytes) else json.dumps(forged).encode()


# --------------------------------------------------------------------------- the truth


@cache
def minimum(text, seeds):
    """The least value that L-BFGS finds, for the problem stated in ``text``."""
    problem = UFM.from_dict(json.loads(text))
    return min(local_minimum(problem, seed)[0] for seed in range(seeds))


def stated(raw):
    """(problem, W, H, b) that a file states, or ``None`` if the suite's own reader refuses its problem."""
    data = json.loads(raw)
    try:
        problem = UFM.from_dict(data["problem"])
    except (ValueError, TypeError):
        return None
    W, H, b = (None if data["point"][key] is None else array_of(data["point"][key]) for key in "WHb")
    return problem, W, H, None if b is None else b.ravel()
