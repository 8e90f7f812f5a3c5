"""The boundary form: from a boundary to what a browser sends and back, with every mistake named at its place."""

from dataclasses import replace

import pytest

from boundary_posts import sent_by_browser
from teachback_server.workflows.boundary import DEFAULT_REASONS, Boundary, ReasonOption
from teachback_server.workflows.boundary_form import boundary_of, open_boundary_form, read_boundary_form

BOUNDARY = Boundary(
    name="support-inbox",
    title="Support inbox",
    input_schema={"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    output_schema={
        "type": "object",
        "properties": {
            "queue": {"type": "string", "enum": ["billing", "delivery"]},
            "order_number": {"type": "string", "x-teachback-source": "text"},
            "address": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
        "required": ["queue"],
    },
    finished_means="The queue is right.",
    hands_back_when="Two requests in one message.",
    next_step="Billing team",
    error_limit=0.075,
    certainty=0.95,
    hand_back_cost=0.3,
    observed_share=0.25,
)


def test_an_untouched_form_gives_the_same_boundary_back() -> None:
    form = read_boundary_form(sent_by_browser(open_boundary_form(BOUNDARY)), BOUNDARY)
    assert form.is_valid()
    assert boundary_of(form) == BOUNDARY


def test_an_empty_form_says_what_is_missing_at_each_place() -> None:
    form = read_boundary_form(sent_by_browser(open_boundary_form()))
    assert not form.is_valid()
    assert form.words.errors["title"] == ["Give the work a title, for example “Support inbox”."]
    assert form.output.errors == ["Name at least one field that a finished job hands over."]


def test_a_name_is_made_from_the_title() -> None:
    post = sent_by_browser(open_boundary_form(replace(BOUNDARY, name="", title="Rückfragen & Erstattungen")))
    form = read_boundary_form(post, BOUNDARY)
    assert form.is_valid()
    assert boundary_of(form).name == "ruckfragen-erstattungen"


@pytest.mark.parametrize("name", ["Support", "a b", "-a", "größe", "a/b"])
def test_a_name_that_cannot_stand_in_an_address_is_refused(name: str) -> None:
    form = read_boundary_form(sent_by_browser(open_boundary_form(replace(BOUNDARY, name=name))), BOUNDARY)
    assert not form.is_valid()
    assert "name" in form.words.errors


def test_a_fixed_name_stays_whatever_was_sent() -> None:
    post = sent_by_browser(open_boundary_form(BOUNDARY, is_name_fixed=True))
    post["boundary-name"] = "another"
    form = read_boundary_form(post, BOUNDARY, is_name_fixed=True)
    assert form.is_valid()
    assert boundary_of(form).name == "support-inbox"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("error_limit", "0"),
        ("error_limit", "100"),
        ("error_limit", "nan"),
        ("error_limit", "five"),
        ("certainty", "50"),
        ("certainty", "100"),
        ("certainty", "inf"),
        ("hand_back_cost", "7"),
        ("observed_share", "0"),
        ("observed_share", "200"),
        ("hand_back_cost", ""),
        ("reasons", " \n "),
        ("reasons", "Typo\ntypo"),
        ("reasons", "x" * 101),
        ("reasons", "\n".join(f"reason {n}" for n in range(31))),
        ("title", "x" * 201),
    ],
)
def test_a_figure_or_text_that_cannot_be_is_refused_at_its_field(field: str, value: str) -> None:
    post = sent_by_browser(open_boundary_form(BOUNDARY))
    post[f"boundary-{field}"] = value
    form = read_boundary_form(post, BOUNDARY)
    assert not form.is_valid()
    assert list(form.words.errors) == [field]
    assert all(sentence.endswith(".") and "%%" not in sentence for sentence in form.words.errors[field])


def test_a_reason_that_stays_keeps_its_code_and_a_new_one_gets_its_own() -> None:
    known = replace(BOUNDARY, reasons=(ReasonOption(code="colour", label="Wrong colour"), *DEFAULT_REASONS[:1]))
    post = sent_by_browser(open_boundary_form(known))
    post["boundary-reasons"] = "wrong COLOUR\nColour\n\nÜ"
    form = read_boundary_form(post, known)
    assert form.is_valid()
    assert [(r.code, r.label) for r in boundary_of(form).reasons] == [
        ("colour", "wrong COLOUR"),
        ("colour_2", "Colour"),
        ("u", "Ü"),
    ]


def test_a_field_is_added_and_removed_by_buttons_and_nothing_typed_is_lost() -> None:
    post = sent_by_browser(open_boundary_form(BOUNDARY))
    post["boundary-error_limit"] = "not a number yet"
    post["output-0-name"] = "department"
    post["add_field"] = "output"
    form = read_boundary_form(post, BOUNDARY)
    assert not form.is_valid()
    assert [row["name"].value() for row in form.output.rows] == ["department", "order_number", "address", ""]
    assert form.words["error_limit"].value() == "not a number yet"

    again = sent_by_browser(form)
    again["remove_field"] = "output-1"
    form = read_boundary_form(again, BOUNDARY)
    assert [row["name"].value() for row in form.output.rows] == ["department", "address", ""]

    last = sent_by_browser(form)
    last["boundary-error_limit"] = "5"
    form = read_boundary_form(last, BOUNDARY)
    assert form.is_valid()
    assert list(boundary_of(form).output_schema["properties"]) == ["department", "address"]


def test_a_builder_edits_the_schema_as_text() -> None:
    post = sent_by_browser(open_boundary_form(BOUNDARY))
    post["output-schema"] = '{"type": "object", "properties": {"total": {"type": "number", "minimum": 0}}}'
    form = read_boundary_form(post, BOUNDARY)
    assert form.is_valid()
    assert boundary_of(form).output_schema["properties"] == {"total": {"type": "number", "minimum": 0}}


def test_editing_fields_and_schema_at_once_is_refused() -> None:
    post = sent_by_browser(open_boundary_form(BOUNDARY))
    post["output-schema"] = '{"type": "object", "properties": {"total": {"type": "number"}}}'
    post["output-0-name"] = "department"
    form = read_boundary_form(post, BOUNDARY)
    assert not form.is_valid()
    assert "Take one of the two changes back" in form.output.text.errors["schema"][0]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "7",
        "[" * 100_000,
        '{"type": 7}',
        '{"properties": {"a": {"type": "strin"}}}',
        '{"type": "object", "properties": {"a": {"enum": []}}}',
    ],
)
def test_text_that_is_no_schema_is_refused_with_a_remedy(text: str) -> None:
    post = sent_by_browser(open_boundary_form(BOUNDARY))
    post["output-schema"] = text
    form = read_boundary_form(post, BOUNDARY)
    assert not form.is_valid()
    said = [*form.output.text.errors.get("schema", []), *form.output.errors]
    assert said
    assert all(sentence.rstrip().endswith((".", ".”")) for sentence in said)


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("output-0-name", "", "name"),
        ("output-0-name", "1st", "name"),
        ("output-0-name", "a.b", "name"),
        ("output-0-name", "a[0]", "name"),
        ("output-0-name", "order_number", "name"),
        ("output-0-kind", "secret", "kind"),
        ("output-0-kind", "other", "kind"),
        ("output-0-values", "one", "values"),
        ("output-0-values", "one\none", "values"),
        ("output-0-values", "\n".join(map(str, range(1001))), "values"),
    ],
)
def test_a_field_that_cannot_be_is_refused_at_its_row(name: str, value: str, place: str) -> None:
    post = sent_by_browser(open_boundary_form(BOUNDARY))
    post[name] = value
    form = read_boundary_form(post, BOUNDARY)
    assert not form.is_valid()
    assert list(form.output.rows[0].errors) == [place]


def test_what_was_there_before_is_not_complained_about() -> None:
    odd = replace(
        BOUNDARY,
        output_schema={"type": "object", "properties": {"Order no (1)": {"enum": ["only one"]}}},
    )
    form = read_boundary_form(sent_by_browser(open_boundary_form(odd)), odd)
    assert form.is_valid()
    assert boundary_of(form) == odd


@pytest.mark.parametrize("count", ["", "-1", "9" * 5000, "٣", "1e3"])
def test_a_count_that_no_page_sends_means_no_rows(count: str) -> None:
    post = sent_by_browser(open_boundary_form(BOUNDARY))
    post["output-count"] = count
    assert not read_boundary_form(post, BOUNDARY).is_valid()


def test_a_page_that_lost_its_hidden_part_says_so() -> None:
    for lost in ("", "[]", "{", "[" * 100_000):
        post = sent_by_browser(open_boundary_form(BOUNDARY))
        post["output-before"] = lost
        form = read_boundary_form(post, BOUNDARY)
        assert not form.is_valid()
