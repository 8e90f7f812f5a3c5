"""Shows that the tables of all conventions hold together."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import pytest

from span_samples import make_span
from teachback.json_types import Json
from teachback.vocabulary import StepKind
from teachback_server.jobs.meaning.convention import Convention, Means
from teachback_server.jobs.meaning.step_facts import read_facts
from teachback_server.jobs.meaning.tables import CONVENTIONS, find_place, is_unread


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda convention: convention.name)
def test_every_marker_of_a_convention_stands_in_a_table(convention: Convention) -> None:
    assert [marker for marker in convention.markers if find_place(marker) is None] == []


def test_a_word_for_a_kind_of_step_means_the_same_in_every_convention() -> None:
    said: dict[str, set[StepKind]] = defaultdict(set)
    for convention in CONVENTIONS:
        for word, kind in convention.kinds.items():
            said[word].add(kind)
    assert {word: kinds for word, kinds in said.items() if len(kinds) > 1} == {}


def test_conventions_have_names_of_their_own() -> None:
    assert Counter(convention.name for convention in CONVENTIONS).most_common(1)[0][1] == 1


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("llm.input_messages.12.message.content", Means.MESSAGES_IN),
        ("gen_ai.completion.0.tool_calls.1.arguments", Means.MESSAGES_OUT),
        ("gen_ai.usage.cache_read.input_tokens", Means.SETTING),
        ("gen_ai.output.type", Means.SETTING),
        ("annotations.0.annotation.label", Means.FEEDBACK),
        ("acme.request.payload.output", Means.OUTPUT),
        ("userPrompt", Means.INPUT),
        ("chat_messages", Means.CONVERSATION),
        ("crewai.crew.some_new_result", Means.OUTPUT),
        ("message.content", Means.CONVERSATION),
        ("input.documents.0.document.url", Means.INPUT),
        ("gen_ai.guardrail.output", Means.OUTPUT),
        ("db.milvus.search.limit", Means.HOW_MANY),
    ],
)
def test_an_attribute_means_what_its_table_or_its_words_say(name: str, means: Means) -> None:
    place = find_place(name)
    assert place is not None and place.means is means


def test_a_name_that_looks_like_messages_and_stands_nowhere_is_unread() -> None:
    assert is_unread("acme.promptbody")
    assert not is_unread("acme.prompt.body")
    assert not is_unread("acme.promptbody.tokens")
    assert not is_unread("http.url")


def find_convention(attributes: Mapping[str, Json], scope: str) -> str:
    return read_facts(make_span(attributes, scope=scope)).convention


def test_the_more_particular_of_two_conventions_names_a_span() -> None:
    both: Mapping[str, Json] = {"gen_ai.operation.name": "chat", "openinference.span.kind": "LLM"}
    assert find_convention(both, "") == "OpenInference"
    assert find_convention({}, "pydantic-ai") == "Pydantic AI"
    assert find_convention({}, "opentelemetry.instrumentation.ollama") == "OpenLLMetry"
    assert find_convention({}, "opentelemetry.instrumentation.qdrant") == "a vector store's own names"
    assert find_convention({"gen_ai.output.messages": "[]"}, "acme") == "OpenTelemetry GenAI"
    assert find_convention({"http.method": "GET"}, "opentelemetry.instrumentation.httpx") == ""
