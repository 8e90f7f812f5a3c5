"""What a token looks like to the random field: itself, its shape, its neighbours, and the facts of the job."""

from collections.abc import Sequence

from teachback_server.agents.local.tokens import Tokens


def list_token_features(tokens: Tokens, facts: Sequence[str]) -> list[list[str]]:
    """The features of every token of one text."""
    lows = [word.casefold() for word in tokens.words]
    shapes = [_shape(word) for word in tokens.words]
    return [_describe(tokens, lows, shapes, at, facts) for at in range(len(lows))]


def _describe(tokens: Tokens, lows: list[str], shapes: list[str], at: int, facts: Sequence[str]) -> list[str]:
    low, last = lows[at], len(lows) - 1
    features = [
        "b",
        "w=" + low,
        "s=" + shapes[at],
        "p2=" + low[:2],
        "p3=" + low[:3],
        "e2=" + low[-2:],
        "e3=" + low[-3:],
    ]
    features += ["f=" + fact for fact in facts]
    for step in (-2, -1, 1, 2):
        near = at + step
        if 0 <= near <= last:
            features += [f"{step}w={lows[near]}", f"{step}s={shapes[near]}"]
        elif near in (-1, last + 1):
            features.append(f"{step}edge")
    if at > 0:
        features += ["-1w0=" + lows[at - 1] + "|" + low, "-1s0=" + shapes[at - 1] + "|" + shapes[at]]
        if tokens.ends[at - 1] == tokens.starts[at]:
            features.append("glued")
    if at < last:
        features.append("0w1=" + low + "|" + lows[at + 1])
    return features


def _shape(word: str) -> str:
    if word.isdigit():
        return "9" * min(len(word), 5)
    if not word[0].isalpha():
        return word
    if word.isupper():
        return "X" if len(word) == 1 else "XX"
    if word[0].isupper():
        return "Xx"
    return "x"
