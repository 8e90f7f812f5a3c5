"""An agent that works under the newest release: its instructions, its nearest examples, its rules and its threshold."""

import teachback

desk = teachback.workflow("support-desk")
DEFAULT_INSTRUCTIONS = "Name the queue: billing, delivery or returns."


def ask_model(prompt: str) -> str:
    """A model of your choice stands here."""
    return "delivery" if "parcel" in prompt.rpartition("Message:")[2] else "billing"


def triage(ticket: dict[str, str]) -> dict[str, str]:
    """Everything that people taught is in the release; the code stays as it is."""
    release = desk.release  # the one that this job began under, to its end
    shown = [f"{example.input} -> {example.output}" for example in release.nearest_examples(ticket, 3)]
    prompt = "\n".join([release.instructions or DEFAULT_INSTRUCTIONS, *shown, f"Message: {ticket['text']}"])
    with teachback.step("classify", kind="model", input=prompt) as step:
        step.output = queue = ask_model(prompt)
    return {"queue": queue}


desk.load_release(timeout_seconds=5.0)  # so that the very first job knows it already
result = desk.run(triage, {"text": "Where is my parcel?"})
print(result.output, "under release", result.release_number or "none yet")
decision = result.wait_for_review(timeout_seconds=0.0)
print("decided" if decision.is_decided else "a person has not decided yet")
