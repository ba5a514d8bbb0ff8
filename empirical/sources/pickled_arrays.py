"""Arrays in a pickle, read without running it.

Unpickling calls whatever the file names, so nothing of a data set is ever unpickled here.  The operations are walked by
:mod:`pickletools`, which only decodes them, and a stack machine of twenty of them builds plain data: numbers, texts,
bytes, lists, tuples, dictionaries, and NumPy arrays of integers.  A name in the file is a *text* that
is compared with the five ways in which NumPy writes an array; it is never imported, and nothing is called but
``np.frombuffer`` on bytes whose length has been checked.  Any other name or operation is refused.
"""

from __future__ import annotations

import math
import pickletools
from dataclasses import dataclass
from typing import Any

import numpy as np

RECONSTRUCT = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
ARRAY, DTYPE, ENCODE = "numpy ndarray", "numpy dtype", "_codecs encode"
KNOWN_NAMES = (*RECONSTRUCT, ARRAY, DTYPE, ENCODE)
KINDS = ("u1", "i1", "i2", "i4", "i8", "u2", "u4")

CONSTANTS = {
    "BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "BINSTRING", "SHORT_BINSTRING", "STRING",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE",
    "BINFLOAT", "FLOAT",
}  # fmt: skip
VALUES: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}


@dataclass
class _Name:
    text: str


@dataclass
class _Dtype:
    kind: str
    order: str = "|"


@dataclass
class _Array:
    value: np.ndarray | None = None


class _Mark:
    pass


def read(data: bytes) -> dict[Any, Any]:
    """The dictionary in a pickle of protocol 0 to 4.  Raises ``ValueError`` for anything else that it holds."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    try:
        for operation, argument, _ in pickletools.genops(data):
            if operation.name == "STOP":
                return _finished(stack.pop())
            _step(operation.name, argument, stack, memo)
    except (IndexError, KeyError, TypeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"pickle: broken ({type(error).__name__})") from None
    raise ValueError("pickle: ends without its end mark")


def _step(name: str, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
    if name in ("PROTO", "FRAME"):
        return
    if name in CONSTANTS:
        stack.append(argument)
    elif name in VALUES:
        stack.append(VALUES[name])
    elif name in ("EMPTY_DICT", "EMPTY_LIST"):
        stack.append({} if name == "EMPTY_DICT" else [])
    elif name == "MARK":
        stack.append(_Mark())
    elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
        memo[argument] = stack[-1]
    elif name == "MEMOIZE":
        memo[len(memo)] = stack[-1]
    elif name in ("GET", "BINGET", "LONG_BINGET"):
        stack.append(memo[argument])
    elif name in ("TUPLE", "LIST", "DICT"):
        items = _since_mark(stack)
        stack.append(tuple(items) if name == "TUPLE" else items if name == "LIST" else _pairs(items))
    elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
        count = int(name[-1])
        if count > len(stack):
            raise IndexError
        stack[-count:] = [tuple(stack[-count:])]
    elif name in ("APPEND", "APPENDS"):
        items = [stack.pop()] if name == "APPEND" else _since_mark(stack)
        _of_type(stack[-1], list).extend(items)
    elif name in ("SETITEM", "SETITEMS"):
        items = _popped(stack, 2) if name == "SETITEM" else _since_mark(stack)
        _of_type(stack[-1], dict).update(_pairs(items))
    elif name in ("GLOBAL", "STACK_GLOBAL"):
        text = argument if name == "GLOBAL" else " ".join(_of_type(part, str) for part in _popped(stack, 2))
        if text not in KNOWN_NAMES:
            raise ValueError(f"pickle: names {text!r}; expected plain data and NumPy arrays alone")
        stack.append(_Name(text))
    elif name == "REDUCE":
        called, arguments = _popped(stack, 2)
        stack.append(_reduced(_of_type(called, _Name).text, _of_type(arguments, tuple)))
    elif name == "BUILD":
        state = stack.pop()
        _build(stack[-1], _of_type(state, tuple))
    else:
        raise ValueError(f"pickle: operation {name}; expected plain data and NumPy arrays alone")


def _popped(stack: list[Any], count: int) -> list[Any]:
    """The last ``count`` entries, in order."""
    if count > len(stack):
        raise IndexError
    items = stack[-count:]
    del stack[-count:]
    return items


def _of_type(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"a {type(value).__name__} for a {kind.__name__}")
    return value


def _since_mark(stack: list[Any]) -> list[Any]:
    items: list[Any] = []
    while not isinstance(stack[-1], _Mark):
        items.append(stack.pop())
    stack.pop()
    return items[::-1]


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))


def _reduced(name: str, arguments: tuple[Any, ...]) -> Any:
    if name in RECONSTRUCT:
        if not (isinstance(arguments[0], _Name) and arguments[0].text == ARRAY):
            raise ValueError("pickle: reconstructs something other than an array")
        return _Array()
    if name == DTYPE:
        if arguments[0] not in KINDS:
            raise ValueError(f"pickle: an array of {arguments[0]!r}; expected one of {', '.join(KINDS)}")
        return _Dtype(arguments[0])
    if name == ENCODE:
        text, encoding = arguments
        if encoding != "latin1":
            raise ValueError(f"pickle: bytes encoded as {encoding!r}")
        return _of_type(text, str).encode("latin1")
    raise ValueError(f"pickle: calls {name!r}")


def _build(target: Any, state: tuple[Any, ...]) -> None:
    if isinstance(target, _Dtype):
        order = state[1]
        if order not in ("|", "<", ">", "="):
            raise ValueError(f"pickle: byte order {order!r}")
        target.order = order
        return
    version, shape, dtype, fortran, raw = state
    _of_type(target, _Array)
    if version != 1 or not isinstance(dtype, _Dtype) or not isinstance(fortran, bool):
        raise ValueError("pickle: an array in a form that is not known")
    if not all(isinstance(n, int) and n >= 0 for n in _of_type(shape, tuple)):
        raise ValueError(f"pickle: an array of shape {shape!r}")
    content = raw.encode("latin1") if isinstance(raw, str) else _of_type(raw, bytes)
    kind = np.dtype(dtype.order + dtype.kind)
    if len(content) != math.prod(shape) * kind.itemsize:
        raise ValueError(f"pickle: {len(content)} bytes for an array of shape {shape}")
    target.value = np.frombuffer(content, kind).reshape(shape, order="F" if fortran else "C")


def _finished(value: Any) -> dict[Any, Any]:
    """A dictionary of arrays, single values and lists of single values: nothing deeper, so that what shared references
    can make of a small file stays small.
    """
    if not isinstance(value, dict):
        raise ValueError(f"pickle: holds a {type(value).__name__}; expected a dictionary")
    return {key: _entry(entry) for key, entry in value.items()}


def _entry(value: Any) -> Any:
    if isinstance(value, _Array):
        if value.value is None:
            raise ValueError("pickle: an array without data")
        return value.value
    if isinstance(value, (list, tuple)):
        if not all(entry is None or isinstance(entry, (bool, int, float, str, bytes)) for entry in value):
            raise ValueError("pickle: a list of something other than numbers and texts")
        return list(value)
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value
    raise ValueError("pickle: expected plain data and NumPy arrays alone")
