"""Reads the text of a CEL expression before it is compiled, and refuses what could crash or stall a program."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

KNOWN_NAMES = ("input", "output", "confidence")
LOOPS = ("all", "exists", "exists_one", "existsOne", "filter")
MOST_CHARACTERS = 500
_MOST_OPEN_BRACKETS = 20  # 90 of them overflow the stack of a small thread
_MOST_TERNARIES = 20
_DATE_PARTS = ("FullYear", "Month", "Date", "DayOfMonth", "DayOfWeek", "DayOfYear", "Hours", "Minutes", "Seconds")
_PLAIN_FUNCTIONS = (
    *("has", "size", "contains", "startsWith", "endsWith", "matches"),
    *("string", "int", "uint", "double", "timestamp", "duration", "type"),
)
_FUNCTIONS = frozenset((*_PLAIN_FUNCTIONS, *(f"get{part}" for part in _DATE_PARTS)))
_OPERATORS = {"and": "&&", "or": "||", "not": "!"}
_INSTEAD = {
    "map": "`map` is not available: pick items with `filter`, or test them with `all` and `exists`",
    "lowerAscii": "`lowerAscii` is not available: write `output.x.matches('(?i)^text$')` to compare without capitals",
    "upperAscii": "`upperAscii` is not available: write `output.x.matches('(?i)^text$')` to compare without capitals",
    "len": "`len` is not available: write `size(output.x)`",
    "bool": "`bool` is not available: compare instead, for example `output.x == 'yes'`",
}

_QUOTED = r'"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
# In a raw string a backslash escapes nothing; read it otherwise and code could hide in what looks like text.
_RAW = r"[rR](?:\"\"\".*?\"\"\"|'''.*?'''|\"[^\"\n]*\"|'[^'\n]*')"
_TOKEN = re.compile(
    rf"(?P<space>[ \t\n]+)|(?P<text>{_RAW}|{_QUOTED})|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>[0-9]+)|(?P<sign>.)",
    re.DOTALL,
)
_CURLY_QUOTES = "“”‘’„«»"


class CelRefused(ValueError):
    """An expression that cannot be used; the message says what is wrong, where, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """One word, number, quoted text or sign of an expression, and where it begins (counted from 1)."""

    kind: str  # text, name, number or sign
    spelling: str
    place: int


@dataclass(frozen=True, kw_only=True)
class CelSource:
    """What can be read from an expression without compiling it."""

    text: str
    tokens: tuple[Token, ...]
    loops: int  # how many times it runs over a list
    loop_names: frozenset[str]
    patterns: tuple[str, ...]  # the quoted patterns given to `matches`, as they are spelled

    @property
    def is_heavy(self) -> bool:
        """Whether the time that it takes can grow faster than the job."""
        return bool(self.loops or self.patterns)


def read_source(text: str) -> CelSource:
    """Read an expression. Raises CelRefused for what is too long, too deep, unsafe or unknown."""
    _refuse_bad_text(text)
    tokens = tuple(_list_tokens(text))
    _refuse_depth(tokens)
    _refuse_foreign_operators(tokens)
    loop_names = _read_loops(tokens)
    _refuse_unknown_functions(tokens)
    return CelSource(
        text=text,
        tokens=tokens,
        loops=len(loop_names),
        loop_names=frozenset(loop_names),
        patterns=tuple(_read_patterns(tokens)),
    )


def list_fields_of(source: CelSource, name: str) -> tuple[str, ...]:
    """List the fields that an expression reads from `input` or `output`, as dotted paths."""
    paths: dict[str, None] = {}
    for position, token in enumerate(source.tokens):
        before = source.tokens[position - 1].spelling if position else ""
        if token.kind == "name" and token.spelling == name and before != ".":
            path = ".".join(_names_after(source.tokens, position + 1))
            if path:
                paths[path] = None
    return tuple(paths)


def _names_after(tokens: Sequence[Token], position: int) -> Iterator[str]:
    while position + 1 < len(tokens) and tokens[position].spelling == "." and tokens[position + 1].kind == "name":
        if _spelling(tokens, position + 2) == "(":
            return
        yield tokens[position + 1].spelling
        position += 2


def _refuse_bad_text(text: str) -> None:
    if not text.strip():
        raise CelRefused("The expression is empty: write a condition, for example `output.amount > 100`.")
    if len(text) > MOST_CHARACTERS:
        raise CelRefused(
            f"The expression has {len(text):,} characters; {MOST_CHARACTERS} are allowed. Split it into several rules."
        )
    for place, sign in enumerate(text, start=1):
        if sign in "\n\t" or sign.isprintable():
            continue
        raise CelRefused(f"An invisible character stands at place {place}: delete it and write a space.")


def _list_tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        kind, spelling, place = match.lastgroup or "sign", match.group(), match.start() + 1
        if kind == "space":
            continue
        if kind == "sign":
            _refuse_sign(text, spelling, place)
        yield Token(kind=kind, spelling=spelling, place=place)


def _refuse_sign(text: str, sign: str, place: int) -> None:
    if sign in _CURLY_QUOTES:
        raise CelRefused(f"A curly quotation mark stands at place {place}: write a straight one, ' or \".")
    if sign in "'\"":
        raise CelRefused(f"The quotation mark at place {place} is never closed: close it with {sign}.")
    if text.startswith("//", place - 1):
        raise CelRefused(f"A comment begins at place {place}: leave it out and use the field for the reason instead.")
    if not sign.isascii():
        raise CelRefused(f"`{sign}` at place {place} means nothing here: put texts in quotes, for example '{sign}'.")


def _refuse_depth(tokens: Sequence[Token]) -> None:
    depth = 0
    for token in tokens:
        if token.kind == "sign":
            depth += (token.spelling in "([{") - (token.spelling in ")]}")
        if depth > _MOST_OPEN_BRACKETS:
            raise CelRefused(
                f"More than {_MOST_OPEN_BRACKETS} brackets are open at place {token.place}: "
                "split it into several rules."
            )
    if sum(token.spelling == "?" for token in tokens) > _MOST_TERNARIES:
        raise CelRefused(f"More than {_MOST_TERNARIES} choices with `?`: split it into several rules.")


def _refuse_foreign_operators(tokens: Sequence[Token]) -> None:
    for position, token in enumerate(tokens):
        before, after = _spelling(tokens, position - 1), _spelling(tokens, position + 1)
        if token.kind == "name" and token.spelling in _OPERATORS and before != ".":
            raise CelRefused(
                f"`{token.spelling}` at place {token.place} is written `{_OPERATORS[token.spelling]}` here."
            )
        if token.spelling == "=" and before not in ("=", "!", "<", ">") and after != "=":
            raise CelRefused(f"A single `=` stands at place {token.place}: write `==` to compare.")


def _read_loops(tokens: Sequence[Token]) -> list[str]:
    """The names that loops give to their items. A loop within a loop is refused."""
    names: list[str] = []
    open_brackets: list[bool] = []  # whether each open bracket is that of a loop
    for position, token in enumerate(tokens):
        if token.kind != "sign":
            continue
        if token.spelling in "([{":
            is_loop = _is_call_of(tokens, position, LOOPS)
            if is_loop and any(open_brackets):
                raise CelRefused(
                    f"`{tokens[position - 1].spelling}` at place {tokens[position - 1].place} is inside another loop, "
                    "which can take minutes: use one loop only, or two rules."
                )
            if is_loop:
                names.append(_spelling(tokens, position + 1))
            open_brackets.append(is_loop)
        elif token.spelling in ")]}" and open_brackets:
            open_brackets.pop()
    return names


def _is_call_of(tokens: Sequence[Token], position: int, names: Sequence[str]) -> bool:
    return (
        tokens[position].spelling == "("
        and _spelling(tokens, position - 1) in names
        and _spelling(tokens, position - 2) == "."
    )


def _refuse_unknown_functions(tokens: Sequence[Token]) -> None:
    for position, token in enumerate(tokens):
        if token.kind != "name" or _spelling(tokens, position + 1) != "(":
            continue
        name = token.spelling
        if name in _FUNCTIONS or (name in LOOPS and _spelling(tokens, position - 1) == ".") or name == "in":
            continue
        hint = _INSTEAD.get(name, f"`{name}` is not a known function: known are {', '.join(_PLAIN_FUNCTIONS)}")
        raise CelRefused(f"At place {token.place}: {hint}.")


def _read_patterns(tokens: Sequence[Token]) -> Iterator[str]:
    for position, token in enumerate(tokens):
        if token.spelling != "matches" or token.kind != "name" or _spelling(tokens, position + 1) != "(":
            continue
        arguments = list(_tokens_in_bracket(tokens, position + 2))
        if not arguments or arguments[-1].kind != "text" or (len(arguments) > 1 and arguments[-2].spelling != ","):
            raise CelRefused(
                f"`matches` at place {token.place} needs its pattern as one quoted text, for example "
                "`input.message.matches('(?i)refund')`."
            )
        yield arguments[-1].spelling


def _tokens_in_bracket(tokens: Sequence[Token], position: int) -> Iterator[Token]:
    depth = 1
    for token in tokens[position:]:
        if token.kind == "sign":
            depth += (token.spelling in "([{") - (token.spelling in ")]}")
        if depth == 0:
            return
        yield token


def _spelling(tokens: Sequence[Token], position: int) -> str:
    return tokens[position].spelling if 0 <= position < len(tokens) else ""
