"""What a token looks like to the random field: itself, its shape, its neighbours, and the facts of the job."""

from collections.abc import Sequence
from dataclasses import dataclass

from teachback_server.agents.local.lexicon import name_kind
from teachback_server.agents.local.tokens import Tokens

_FAR_REACH = 3  # tokens on each side that are noticed wherever they stand


@dataclass(frozen=True)
class _Line:
    tokens: Tokens
    lows: tuple[str, ...]
    shapes: tuple[str, ...]
    kinds: tuple[str, ...]


def list_token_features(tokens: Tokens, facts: Sequence[str]) -> list[list[str]]:
    """The features of every token of one text."""
    lows = tuple(word.casefold() for word in tokens.words)
    line = _Line(
        tokens=tokens,
        lows=lows,
        shapes=tuple(_shape(word) for word in tokens.words),
        kinds=tuple(name_kind(low) for low in lows),
    )
    shared = ["b", *("f=" + fact for fact in facts)]
    return [
        shared + _describe_token(line, at) + _describe_neighbours(line, at) + _describe_surroundings(line, at)
        for at in range(len(lows))
    ]


def _describe_token(line: _Line, at: int) -> list[str]:
    low = line.lows[at]
    return [
        "w=" + low,
        "s=" + line.shapes[at],
        "k=" + line.kinds[at],
        "p2=" + low[:2],
        "p3=" + low[:3],
        "e2=" + low[-2:],
        "e3=" + low[-3:],
    ]


def _describe_neighbours(line: _Line, at: int) -> list[str]:
    lows, shapes, kinds, last = line.lows, line.shapes, line.kinds, len(line.lows) - 1
    features = []
    for step in (-2, -1, 1, 2):
        near = at + step
        if 0 <= near <= last:
            features += [f"{step}w={lows[near]}", f"{step}s={shapes[near]}", f"{step}k={kinds[near]}"]
        elif near in (-1, last + 1):
            features.append(f"{step}edge")
    if at > 0:
        features += [f"-1w0={lows[at - 1]}|{lows[at]}", f"-1s0={shapes[at - 1]}|{shapes[at]}"]
        features.append(f"-1k0={kinds[at - 1]}|{kinds[at]}")
    if at < last:
        features += [f"0w1={lows[at]}|{lows[at + 1]}", f"0k1={kinds[at]}|{kinds[at + 1]}"]
    if 0 < at < last:
        features.append(f"-1k1={kinds[at - 1]}|{kinds[at]}|{kinds[at + 1]}")
    return features


def _describe_surroundings(line: _Line, at: int) -> list[str]:
    lows, starts, ends = line.lows, line.tokens.starts, line.tokens.ends
    features = ["<" + low for low in lows[max(0, at - _FAR_REACH) : at]]
    features += [">" + low for low in lows[at + 1 : at + 1 + _FAR_REACH]]
    if at > 0 and ends[at - 1] == starts[at]:
        features += ["glued<", f"g<{lows[at - 1]}|{line.shapes[at]}"]
    if at + 1 < len(lows) and ends[at] == starts[at + 1]:
        features += ["glued>", f"g>{line.shapes[at]}|{lows[at + 1]}"]
    return features


def _shape(word: str) -> str:
    if word.isdigit():
        return "9" * min(len(word), 5)
    if not word[0].isalpha():
        return word
    if word.isupper():
        return "X" if len(word) == 1 else "XX"
    return "Xx" if word[0].isupper() else "x"
