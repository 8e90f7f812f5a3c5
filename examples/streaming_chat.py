"""An async agent that streams its answer: a decorator is all it takes, and its callers notice nothing."""

import asyncio
from collections.abc import AsyncIterator

import teachback

chat = teachback.workflow("shop-chat")


@teachback.tool("search catalogue")
async def search(words: str) -> list[str]:
    """What the shop has."""
    await asyncio.sleep(0)
    return [f"{words} (red)", f"{words} (blue)"]


@chat.job(id=lambda question: question["id"], group=lambda question: question["customer"])
async def answer(question: dict[str, str]) -> AsyncIterator[str]:
    """The answer, piece by piece. What was streamed was used, so the job's routing is `observed`."""
    found = await search(question["text"])
    with teachback.step("write", kind="model", input=found) as step:
        step.model = "small"
        yield "We have "
        yield " and ".join(found)
        step.output = "written"


async def main() -> None:
    """Ask once."""
    question = {"id": "q-1", "customer": "c-7", "text": "bicycle"}
    print("".join([piece async for piece in answer(question)]))


asyncio.run(main())
