"""Small histories that the tests of this room write themselves: messages with a queue and an order number."""

import csv
import io
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from teachback.json_types import Json

QUEUES = {
    "billing": ("You charged me twice for order", "The invoice is wrong for order", "Please correct the bill of"),
    "delivery": ("The parcel has not come, order", "Where is the courier with order", "Not delivered yet: order"),
    "returns": ("I want to send back order", "The jacket does not fit, order", "How do I return order"),
}
ENDINGS = ("Thanks!", "Kind regards, Kim", "Please answer soon.", "Hello from Lee.", "")


def make_rows(count: int, *, seed: int = 7, slips: float = 0.0) -> list[dict[str, Json]]:
    """Rows in the history format; a share of `slips` has another queue than its message calls for."""
    chance = random.Random(seed)
    return [_make_row(number, chance, slips) for number in range(1, count + 1)]


def _make_row(number: int, chance: random.Random, slips: float) -> dict[str, Json]:
    queue = chance.choice(sorted(QUEUES))
    order = f"{chance.choice('AB')}{chance.randrange(1000, 9999)}"
    message = f"{chance.choice(QUEUES[queue])} {order}. {chance.choice(ENDINGS)}".strip()
    answered = chance.choice(sorted(QUEUES)) if chance.random() < slips else queue
    return {"id": f"m-{number}", "input": {"message": message}, "output": {"queue": answered, "order_number": order}}


def write_jsonl(path: Path, rows: Sequence[Mapping[str, Json]]) -> Path:
    """One row on each line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_csv(path: Path, rows: Sequence[Mapping[str, Json]]) -> Path:
    """The same rows with a column for the message and one for the queue."""
    path.write_text(spell_csv(rows), encoding="utf-8", newline="")
    return path


def spell_csv(rows: Sequence[Mapping[str, Json]]) -> str:
    """What `write_csv` writes."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["message", "queue"])
    writer.writerows([row["input"]["message"], queue_of(row)] for row in rows)  # type: ignore[index,call-overload]
    return text.getvalue()


def queue_of(row: Mapping[str, Json]) -> str:
    """The queue that a person chose."""
    output = row["output"]
    assert isinstance(output, dict)
    return str(output["queue"])
