"""The smallest agent: one function, one tool, and a person wherever it is not sure. Runs without a server, too."""

import teachback

desk = teachback.workflow("support-desk")

ORDERS = {"A1": "shipped", "A2": "lost"}


@teachback.tool("find order")
def find_order(number: str) -> str | None:
    """What the shop knows of an order."""
    return ORDERS.get(number)


def triage(ticket: dict[str, str]) -> tuple[dict[str, str], float]:
    """The output, and how sure the agent is of it."""
    number = next((word for word in ticket["text"].split() if word in ORDERS), "")
    if not number:
        teachback.hand_back("The message names no order that we know.")
    queue = "returns" if find_order(number) == "lost" else "delivery"
    return {"queue": queue, "order": number}, 0.9


for ticket in ({"id": "t-1", "text": "Where is A1 ?"}, {"id": "t-2", "text": "Hello!"}):
    result = desk.run(triage, ticket, id=ticket["id"])
    if result.may_be_used:
        print(f"{result.id}: use {result.output}")
    else:
        print(f"{result.id}: {result.status}, a person decides. {result.routing.reason} {result.hand_back_reason}")
