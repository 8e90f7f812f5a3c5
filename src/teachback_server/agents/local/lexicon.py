"""A few general English words whose kind matters more than themselves: numerals, months, days, units of time."""

from typing import Final

_LOW_NUMERALS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty
"""
_MONTHS_IN_FULL = "january february march april may june july august september october november december"
_MONTHS_IN_SHORT = "jan feb mar apr may jun jul aug sep oct nov dec"
_KINDS: Final = {
    "numeral": f"{_LOW_NUMERALS} thirty forty fifty sixty seventy eighty ninety hundred thousand half quarter",
    "month": f"{_MONTHS_IN_FULL} {_MONTHS_IN_SHORT} sept",
    "day": """
        monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
        today tomorrow tonight yesterday
    """,
    "ordinal": "first second third fourth fifth sixth seventh eighth ninth tenth st nd rd th",
    "time": "am pm o clock hour hours minute minutes day days week weeks month months year years",
}
_KIND_OF: Final = {word: kind for kind, words in _KINDS.items() for word in words.split()}
NUMERALS: Final = {word: number for number, word in enumerate(_LOW_NUMERALS.split())}
MONTHS: Final = {
    word: number for words in (_MONTHS_IN_FULL, _MONTHS_IN_SHORT) for number, word in enumerate(words.split(), start=1)
} | {"sept": 9}


def name_kind(word: str) -> str:
    """The kind of a word in small letters; of a word that is in no list, whether it is digits, letters, or a sign."""
    kind = _KIND_OF.get(word)
    if kind is not None:
        return kind
    if word.isdigit():
        return "digits"
    return "letters" if word.isalpha() else word
