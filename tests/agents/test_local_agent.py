"""The `local` agent learns choices and spans from a few reviewed examples, and says so when it cannot."""

from pathlib import Path

import pytest

from teachback.json_types import Json, JsonObject
from teachback.release_document import Approval, ReleaseDocument
from teachback.vocabulary import JobStatus
from teachback_server.agents.fitted_state import FittedStateCache
from teachback_server.agents.local import agent as local_agent
from teachback_server.agents.local.state import key_of
from teachback_server.agents.open_releases import OpenReleases
from teachback_server.agents.opening import open_agent
from teachback_server.agents.protocol import AgentResult, Example, JobInput, ReleaseBundle

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "queue": {"type": "string", "enum": ["billing", "delivery"]},
        "order": {"type": "string", "x-teachback-source": "message"},
    },
}
BILLING = ("my invoice {order} is wrong", "charged twice for {order}", "refund the payment of {order}")
DELIVERY = ("where is parcel {order}", "the courier lost {order}", "when does {order} arrive")


def make_examples(count: int) -> list[Example]:
    examples = []
    for number in range(count):
        queue, texts = (("billing", BILLING), ("delivery", DELIVERY))[number % 2]
        order = f"{40 + number % 50}-{1000 + 37 * number}"
        message = texts[(number // 2) % 3].format(order=order)
        output = {"queue": queue, "order": order}
        examples.append(Example(content_hash=f"{number:032d}", input={"message": message}, output=output))
    return examples


def make_bundle(examples: list[Example], schema: JsonObject = SCHEMA) -> ReleaseBundle:
    hashes = tuple(example.content_hash for example in examples)
    document = ReleaseDocument(workflow="desk", example_hashes=hashes)
    return ReleaseBundle(document=document, input_schema={"type": "object"}, output_schema=schema, examples=examples)


def answer(folder: Path, bundle: ReleaseBundle, *messages: str) -> list[AgentResult]:
    return open_agent(bundle, folder).run_jobs([JobInput(input={"message": message}) for message in messages])


def test_it_learns_a_choice_and_a_span(tmp_path: Path) -> None:
    (result,) = answer(tmp_path, make_bundle(make_examples(60)), "please tell me where is parcel 77-9999")
    assert result.status is JobStatus.FINISHED
    assert result.output == {"queue": "delivery", "order": "77-9999"}
    assert result.confidence is not None and 0 < result.confidence < 1


def test_without_examples_it_hands_back_and_says_why(tmp_path: Path) -> None:
    (result,) = answer(tmp_path, make_bundle([]), "where is parcel 77-9999")
    assert result.status is JobStatus.HANDED_BACK
    assert "no reviewed examples" in result.hand_back_reason
    assert result.output is None


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_handful_of_examples_is_enough_not_to_fail(tmp_path: Path, count: int) -> None:
    (result,) = answer(tmp_path, make_bundle(make_examples(count)), "where is parcel 77-9999")
    assert result.status in (JobStatus.FINISHED, JobStatus.HANDED_BACK)


@pytest.mark.parametrize("message", ["", " ", "\u202e\U0001f600", "x" * 20_000])
def test_odd_texts_get_an_answer(tmp_path: Path, message: str) -> None:
    (result,) = answer(tmp_path, make_bundle(make_examples(40)), message)
    assert result.status is JobStatus.FINISHED


def test_a_job_without_the_text_gets_an_answer(tmp_path: Path) -> None:
    agent = open_agent(make_bundle(make_examples(40)), tmp_path)
    (result,) = agent.run_jobs([JobInput(input={})])
    assert result.status is JobStatus.FINISHED


def test_people_who_contradict_each_other_do_not_stop_it(tmp_path: Path) -> None:
    both = [
        Example(content_hash=f"{number:032d}", input={"message": "same words"}, output={"queue": queue})
        for number, queue in enumerate(["billing", "delivery"] * 20)
    ]
    (result,) = answer(tmp_path, make_bundle(both), "same words")
    assert result.confidence is not None and result.confidence < 0.8


def test_answers_do_not_depend_on_the_company_they_are_given_in(tmp_path: Path) -> None:
    bundle = make_bundle(make_examples(60))
    messages = [f"where is parcel {number}-4321" for number in range(10, 40)]
    together = answer(tmp_path, bundle, *messages)
    alone = [answer(tmp_path, bundle, message)[0] for message in messages]
    assert together == alone


def test_what_was_fitted_once_is_read_again_and_answers_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = make_bundle(make_examples(60))
    before = answer(tmp_path, bundle, "charged twice for 88-1234")

    def refuse(*_: object) -> None:
        raise AssertionError("it was fitted again")

    monkeypatch.setattr(local_agent, "fit_local", refuse)
    assert answer(tmp_path, bundle, "charged twice for 88-1234") == before


def test_a_damaged_file_is_fitted_anew(tmp_path: Path) -> None:
    bundle = make_bundle(make_examples(60))
    before = answer(tmp_path, bundle, "charged twice for 88-1234")
    arrays = tmp_path / key_of(bundle) / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:100])
    assert answer(tmp_path, bundle, "charged twice for 88-1234") == before
    assert FittedStateCache(tmp_path).get_or_fit(key_of(bundle), lambda: pytest.fail("still damaged"))


def test_a_release_that_differs_in_approval_alone_shares_the_fit() -> None:
    examples = make_examples(10)
    bundle = make_bundle(examples)
    document = ReleaseDocument(
        workflow="desk", example_hashes=bundle.document.example_hashes, approval=Approval(threshold=0.9)
    )
    approved = ReleaseBundle(document=document, input_schema={}, output_schema=SCHEMA, examples=examples)
    assert approved.document.content_hash != bundle.document.content_hash
    assert key_of(approved) == key_of(bundle)
    assert key_of(make_bundle(make_examples(11))) != key_of(bundle)


def test_an_open_release_is_opened_once(tmp_path: Path) -> None:
    releases = OpenReleases(tmp_path)
    bundle = make_bundle(make_examples(20))
    assert releases.open_bundle(bundle) is releases.open_bundle(bundle)


def test_confidence_ranks_familiar_work_above_strange_work(tmp_path: Path) -> None:
    hard = [
        Example(
            content_hash=f"{number:032d}",
            input={"message": f"question number {number}"},
            output={"queue": ("billing", "delivery")[number * 7919 % 13 % 2], "order": f"{number}"},
        )
        for number in range(100, 140)
    ]
    familiar, strange = answer(
        tmp_path, make_bundle(make_examples(120) + hard), "where is parcel 55-1234", "question number 77"
    )
    assert familiar.confidence is not None and strange.confidence is not None
    assert familiar.confidence > strange.confidence


def test_texts_without_a_word_get_the_commonest_answer(tmp_path: Path) -> None:
    outputs: list[JsonObject] = [{"queue": "delivery"}, {"queue": "billing"}, {"queue": "delivery"}]
    examples = [Example(content_hash=f"{n:032d}", input={"message": ""}, output=out) for n, out in enumerate(outputs)]
    schema: JsonObject = {"type": "object", "properties": {"queue": {"type": "string"}}}
    (result,) = answer(tmp_path, make_bundle(examples, schema), "")
    assert result.output == {"queue": "delivery"}


def test_a_value_that_is_sometimes_an_object_is_learned_as_a_whole(tmp_path: Path) -> None:
    values: list[Json] = [{"place": "north"}, "none"]
    examples = [
        Example(content_hash=f"{n:032d}", input={"message": message}, output={"site": values[n % 2]})
        for n, message in enumerate(["go north now", "stay at home"] * 10)
    ]
    (result,) = answer(tmp_path, make_bundle(examples, {"type": "object"}), "stay at home")
    assert result.output == {"site": "none"}


def test_examples_with_nothing_to_learn_do_not_stop_it(tmp_path: Path) -> None:
    examples = [Example(content_hash=f"{n:032d}", input={"message": "hello"}, output={}) for n in range(4)]
    (result,) = answer(tmp_path, make_bundle(examples, {"type": "object"}), "hello")
    assert result.output == {}
