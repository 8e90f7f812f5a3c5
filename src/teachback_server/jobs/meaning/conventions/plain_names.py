"""Names that no convention knows but that tell themselves what they are: `crew.inputs`, `userPrompt`."""

import re
from collections.abc import Mapping

from teachback_server.jobs.meaning.convention import Means

# A name is read as words, split at dots, underscores, dashes and capitals. The first word from the right that is in
# this table counts: `previous.http_result` is something that came out.
MEANING_OF_WORDS: Mapping[str, Means] = {
    # What goes in
    "input": Means.INPUT,
    "inputs": Means.INPUT,
    "request": Means.INPUT,
    "prompt": Means.INPUT,
    "prompts": Means.INPUT,
    "question": Means.INPUT,
    "instruction": Means.INPUT,
    "instructions": Means.INPUT,
    "query": Means.INPUT,
    "arguments": Means.INPUT,
    "argument": Means.INPUT,
    "args": Means.INPUT,
    "kwargs": Means.INPUT,
    # What comes out
    "output": Means.OUTPUT,
    "outputs": Means.OUTPUT,
    "result": Means.OUTPUT,
    "results": Means.OUTPUT,
    "completion": Means.OUTPUT,
    "completions": Means.OUTPUT,
    "response": Means.OUTPUT,
    "responses": Means.OUTPUT,
    "answer": Means.OUTPUT,
    "transcript": Means.OUTPUT,
    # Both ways
    "message": Means.CONVERSATION,
    "messages": Means.CONVERSATION,
    "conversation": Means.CONVERSATION,
}

# A name whose last word is one of these says something about a text and is not the text.
WORDS_OF_SETTINGS = frozenset(
    (
        *("id", "ids", "name", "names", "type", "types", "kind", "role", "format"),
        *("mime", "schema", "template", "version", "count", "length", "size", "index", "tokens"),
        *("token", "status", "code", "model", "url", "host", "port", "path", "method"),
        *("duration", "latency", "time", "timestamp", "ms", "seconds", "cost", "price", "hash"),
        *("language", "reason", "reasons", "limit", "number", "enabled", "streaming", "parent", "tool"),
        *("tools", "definition", "definitions", "encoding", "dimensions", "header", "headers", "filter", "filters"),
        *("variables", "parameters", "key", "keys", "source", "tier"),
    )
)

# A number under such a name is how many there were, not the thing itself: `query.n_results`.
_WORDS_OF_COUNTS = frozenset({"n", "num", "max", "min", "top", "total"})

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_CARRIER = re.compile(r"message|prompt|completion|input|output", re.IGNORECASE)


def find_meaning_of_name(name: str) -> Means | None:
    """Say what an unknown attribute means going by the words of its name; None where they tell nothing."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in WORDS_OF_SETTINGS:
        return None
    return next((MEANING_OF_WORDS[word] for word in reversed(words) if word in MEANING_OF_WORDS), None)


def find_meaning_of_last_word(name: str) -> Means | None:
    """Say what an attribute means going by its last word alone; None where it tells nothing."""
    words = _WORD.findall(name)
    return MEANING_OF_WORDS.get(words[-1].lower()) if words else None


def is_count(name: str) -> bool:
    """Tell whether a number under this name counts something or sets a limit: `top_k`, `n_results`."""
    words = [word.lower() for word in _WORD.findall(name)]
    return not words or words[-1] not in MEANING_OF_WORDS or bool(_WORDS_OF_COUNTS.intersection(words[-2:]))


def is_like_a_carrier(name: str) -> bool:
    """Tell whether an attribute's name looks as if messages, prompts, completions, input or output were in it."""
    if not _CARRIER.search(name):
        return False
    words = _WORD.findall(name)
    return not words or words[-1].lower() not in WORDS_OF_SETTINGS
