"""Sentences and small documents for sample traces, drawn from word lists of our own."""

import json
from random import Random

_GUESTS = ("Amara", "Bjarne", "Chiyo", "Dolores", "Emeka", "Farida", "Goran", "Hana", "Ilse", "Joaquim")
_WISHES = (
    "would like to move the booking to another evening",
    "asks whether the invoice can be sent to a different address",
    "reports that the parcel came with one item missing",
    "wants to know what it costs to add two more people",
    "says that the door code no longer opens the side entrance",
    "asks for the refund that was promised on the telephone",
    "needs the delivery before the weekend, not after it",
)
_REMARKS = (
    "The earlier answer named a price without the cleaning fee.",
    "There is a note on the account that mentions a nut allergy.",
    "The rules allow one free change until noon of the day before.",
    "A colleague has already called back and left a message.",
    "The order was split, so there are two tracking numbers.",
    "Please keep the tone short and friendly and name the next step.",
    "The table by the window is free from seven, the large one from half past eight.",
    "The contract is renewed each year unless someone says otherwise in writing.",
    "The warehouse confirmed that the shelf was counted again this morning.",
)
_STARTS = ("ba", "cor", "del", "fen", "gra", "hol", "ki", "lum", "mar", "nor", "pel", "ros", "sil", "tam", "ver", "wes")
_ENDS = (
    "bank",
    "den",
    "ford",
    "gate",
    "ing",
    "ling",
    "mer",
    "ner",
    "port",
    "ret",
    "side",
    "ter",
    "ton",
    "vale",
    "ward",
)
TOOL_NAMES = ("find_booking", "list_free_tables", "look_up_order", "count_stock", "send_draft", "convert_amount")


def make_request(draws: Random) -> str:
    """What somebody asks of the agent: two sentences."""
    return f"{draws.choice(_GUESTS)} {draws.choice(_WISHES)}. {draws.choice(_REMARKS)}"


def make_paragraph(draws: Random, sentences: int) -> str:
    """So many sentences about the work."""
    return " ".join(_make_sentence(draws) for _ in range(sentences))


def _make_sentence(draws: Random) -> str:
    """A remark, or a line of figures, so that the whole compresses no better than people's texts do."""
    if draws.random() < 0.5:
        return draws.choice(_REMARKS)
    words = " ".join(draws.choice(_STARTS) + draws.choice(_ENDS) for _ in range(draws.randrange(7, 13)))
    return f"{words.capitalize()}, {draws.randrange(10, 99_999) / 100:.2f} in all, number {draws.randrange(10**6)}."


def make_arguments(draws: Random) -> str:
    """The arguments of a tool call, as JSON."""
    return json.dumps(
        {
            "name": draws.choice(_GUESTS),
            "number": draws.randrange(10_000, 99_999),
            "day": f"2026-{draws.randrange(1, 13):02}-{draws.randrange(1, 29):02}",
            "people": draws.randrange(1, 9),
        }
    )


def make_tool_result(draws: Random) -> str:
    """What a tool answered, as JSON."""
    rows = [
        {
            "id": draws.randrange(1_000_000),
            "state": draws.choice(("open", "held", "sent")),
            "note": make_paragraph(draws, 1),
        }
        for _ in range(draws.randrange(1, 4))
    ]
    return json.dumps({"rows": rows, "total": len(rows)})
