"""Estimates how much work a search pattern is, so that one with huge counted repetitions is refused."""

import re

_COUNT = re.compile(r"\{(\d*)(?:,(\d*))?\}")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


def pattern_weight(pattern: str) -> int:
    """Count the places of a pattern, those under a counted repetition as often as it may repeat them.

    `[a-z]{4}` weighs 4, `(ab{3}){5}` weighs 20. The time of one search grows with this weight times the characters
    searched. An estimate from above for well-formed patterns.
    """
    sums = [0]  # of each open group
    last = 0  # weight of the last piece, to which a repetition applies
    position = 0
    while position < len(pattern):
        sign = pattern[position]
        count = _COUNT.match(pattern, position) if sign == "{" else None
        if count:
            sums[-1] += last * (_most_times(count) - 1)
            last *= _most_times(count)
            position = count.end()
            continue
        if sign == "(":
            sums.append(0)
        elif sign == ")" and len(sums) > 1:
            last = sums.pop()
            sums[-1] += last
        elif sign not in "*+?|^$":
            last = 1
            sums[-1] += 1
        position = _end_of_piece(pattern, position)
    return sum(sums)


def _most_times(count: re.Match[str]) -> int:
    numbers = [int(number) for number in count.groups() if number]
    return max([1, *numbers])


def _end_of_piece(pattern: str, position: int) -> int:
    if pattern[position] == "\\":
        return position + 2
    found = _CLASS.match(pattern, position) if pattern[position] == "[" else None
    return found.end() if found else position + 1
