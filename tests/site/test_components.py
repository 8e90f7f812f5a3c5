"""The pieces of pages render what they promise, and nothing that a person typed is taken for markup."""

import re
from datetime import timedelta

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

EVIL = "<script>alert(1)</script>"


def render(source: str, **values: object) -> str:
    request = RequestFactory().get("/list?status=open&page=2")
    text = Template("{% load components %}" + source).render(Context({**values, "request": request}))
    return text.replace("\u00a0", " ")


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def test_a_rate_stands_with_its_count_and_its_interval() -> None:
    html = render('{% rate share=0.87 low=0.84 high=0.9 hits=412 of=473 label="Right first time" %}')
    assert words_of(html) == "Right first time 87 % 412 of 473 · 84 to 90 %"


def test_a_rate_without_evidence_says_so_and_draws_no_band() -> None:
    html = render('{% rate share=None of="3 jobs" %}')
    assert words_of(html) == "cannot tell yet 3 jobs"
    assert "<svg" not in html


def test_a_rate_in_a_sentence_keeps_its_evidence() -> None:
    assert words_of(render("{% rate_inline 0.87 0.84 0.9 412 473 %}")) == "87 % (412 of 473, 84 to 90 %)"


def test_a_band_marks_point_and_limit() -> None:
    html = render("{% band share=0.5 low=0.25 high=0.75 limit=0.9 %}")
    assert 'class="between" x="25.00" y="2" width="50.00"' in html
    assert 'class="limit"' in html


def test_a_badge_has_a_word_beside_its_colour() -> None:
    assert render("{% badge 'handed_back' %}") == '<span class="badge warn">Handed back</span>'
    assert (
        render("{% badge 'x' label='Not proven yet' tone='bad' %}") == '<span class="badge bad">Not proven yet</span>'
    )


@pytest.mark.parametrize(
    "source",
    [
        "{% badge evil %}",
        "{% card evil note=evil %}{{ evil }}{% endcard %}",
        "{% note 'warn' word=evil %}{{ evil }}{% endnote %}",
        "{% empty_state evil %}{{ evil }}{% endempty_state %}",
        "{% definitions pairs %}",
        "{% table headings rows caption=evil %}",
        "{% figure evil label=evil note=evil %}",
        "{% progress 1 2 label=evil %}",
        "{{ evil|shown }}",
        "{{ evil|word }}",
    ],
)
def test_nothing_that_a_person_typed_is_taken_for_markup(source: str) -> None:
    html = render(source, evil=EVIL, pairs=[(EVIL, EVIL)], headings=[EVIL], rows=[[EVIL]])
    assert "<script" not in html.lower()
    assert "alert(1)" in html.lower()


def test_numbers_of_a_table_stand_right_and_have_their_thousands_apart() -> None:
    html = render("{% table headings rows %}", headings=["Step", "Tokens"], rows=[["read", 1240], ["write", 7]])
    assert '<td class="number">1 240</td>' in html
    assert '<th scope="col" class="number">Tokens</th>' in html


def test_a_table_without_rows_still_has_its_headings() -> None:
    assert words_of(render("{% table headings rows %}", headings=["Step"], rows=[])) == "Step"


class Form(forms.Form):
    title = forms.CharField(help_text="As your team says it")
    again = forms.BooleanField(required=False)
    kind = forms.ChoiceField(choices=[("a", "One")], widget=forms.RadioSelect)

    def clean(self) -> None:
        raise forms.ValidationError("Together they do not fit.")


def test_a_field_ties_label_help_and_error_to_its_control() -> None:
    html = render("{% field form.title %}", form=Form({}))
    assert '<label for="id_title">' in html
    described = re.search(r'aria-describedby="([^"]+)"', html)
    assert described
    for part in described[1].split():
        assert f'id="{part}"' in html
    assert 'aria-invalid="true"' in html


def test_choices_stand_in_a_fieldset_with_a_legend() -> None:
    html = render("{% field form.kind %}", form=Form({}))
    assert html.strip().startswith("<fieldset")
    assert "<legend>Kind</legend>" in html


def test_what_is_wrong_with_a_form_as_a_whole_is_announced() -> None:
    html = render("{% form_errors form %}", form=Form({"title": "x", "kind": "a"}))
    assert 'role="alert"' in html
    assert "Together they do not fit." in html


def test_pages_of_a_list_keep_the_rest_of_the_address() -> None:
    html = render("{% pagination page %}", page=Paginator(range(60), 20).page(2))
    assert "status=open&amp;page=1" in html
    assert "status=open&amp;page=3" in html
    assert "21 to 40 of 60" in html


def test_a_list_of_one_page_has_no_links() -> None:
    assert render("{% pagination page %}", page=Paginator(range(5), 20).page(1)).strip() == ""


def test_a_time_shows_how_long_ago_and_keeps_the_exact_moment() -> None:
    html = render("{% when at %}", at=timezone.now() - timedelta(minutes=27))
    assert "27 min ago" in html
    assert "UTC" in html
    assert render("{% when None %}") == "not yet"
