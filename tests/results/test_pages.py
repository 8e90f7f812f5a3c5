"""The Results and Autonomy pages: what a person reads, and who may take autonomy back."""

from http import HTTPStatus

import pytest
from django.test import Client

from builders import House, accept, correct, record_jobs
from partly_reviewed import RIGHT, WANTED, PartlyReviewed, certify
from teachback_server.people.models import User
from teachback_server.releases.models import LiveRelease, ReleaseEvent
from teachback_server.results import chart_files
from teachback_server.results.charts import list_result_charts
from teachback_server.results.queries import read_results
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import make_key

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
HERE = "/workflows/support-inbox"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == HTTPStatus.OK
    return " ".join(answer.content.decode().replace("\u00a0", " ").split())


def no_process(wishes: dict[str, object]) -> dict[str, str]:
    raise chart_files.ChartNotDrawn("no engine here")


def test_results_of_untouched_work_say_what_to_do_next(house: House) -> None:
    page = read(signed_in(house.bob), f"{HERE}/results")
    assert "No job has ended yet" in page
    assert "<img" not in page


def test_results_show_each_rate_with_its_range_and_what_it_is_known_from(partly_reviewed: PartlyReviewed) -> None:
    page = read(signed_in(partly_reviewed.house.bob), f"{HERE}/results")
    assert "Right the first time" in page
    assert "of 140 finished ones reviewed" in page
    assert "Observed, not proven" in page
    assert "No claim was tested yet" in page
    for title in ("Right the first time, over jobs", "What happened to 140 jobs", "Why people changed it"):
        assert title in page


def test_results_of_work_that_nobody_reviewed_cannot_tell_yet(house: House) -> None:
    record_jobs(house.workflow, [RIGHT] * 3)
    page = read(signed_in(house.bob), f"{HERE}/results")
    assert "cannot tell yet" in page
    assert "Nobody has changed anything yet." in page


def test_words_of_people_are_escaped(house: House) -> None:
    house.workflow.reasons.filter(code="wrong_choice").update(label="<b>wrong</b>")
    correct(house.reviewer, record_jobs(house.workflow, [RIGHT] * 3), WANTED)
    page = read(signed_in(house.bob), f"{HERE}/results")
    assert "&lt;b&gt;wrong&lt;/b&gt;" in page
    assert "<b>wrong</b>" not in page


def test_every_chart_has_its_figures_as_a_table_and_its_words_for_those_who_do_not_see_it(
    partly_reviewed: PartlyReviewed,
) -> None:
    house = partly_reviewed.house
    page = read(signed_in(house.bob), f"{HERE}/results")
    charts = list_result_charts(read_results(house.workflow))
    assert len(charts) == 4
    for chart in charts:
        assert f'alt="{chart.title}.' in page
        assert f"{chart.kind.value}-narrow.svg?v={chart.content_hash}" in page
    assert page.count("Show as a table") == 2
    assert "Used without review" in page


def test_a_picture_is_kept_by_whoever_asks_for_it_by_its_content(
    partly_reviewed: PartlyReviewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = partly_reviewed.house
    monkeypatch.setattr(chart_files, "_run_process", lambda wishes: dict.fromkeys(wishes, "<svg/>"))
    chart = list_result_charts(read_results(house.workflow))[0]
    client = signed_in(house.bob)
    first = client.get(f"{HERE}/results/curve-wide.svg?v={chart.content_hash}")
    assert (first.status_code, first["Content-Type"], first.content) == (HTTPStatus.OK, "image/svg+xml", b"<svg/>")
    assert "no-store" in first["Cache-Control"]
    monkeypatch.setattr(chart_files, "_run_process", no_process)
    again = client.get(f"{HERE}/results/curve-wide.svg?v={chart.content_hash}")
    assert (again.status_code, again.content) == (HTTPStatus.OK, b"<svg/>")
    assert "immutable" in again["Cache-Control"]
    assert "private" in again["Cache-Control"]


def test_a_picture_of_another_workflow_stays_there(
    partly_reviewed: PartlyReviewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = partly_reviewed.house
    monkeypatch.setattr(chart_files, "_run_process", lambda wishes: dict.fromkeys(wishes, "<svg/>"))
    name = list_result_charts(read_results(house.workflow))[0].content_hash
    signed_in(house.alice).get(f"{HERE}/results/curve-wide.svg?v={name}")
    stranger = signed_in(house.charlie)
    assert stranger.get(f"{HERE}/results/curve-wide.svg?v={name}").status_code == HTTPStatus.NOT_FOUND
    assert stranger.get(f"/workflows/elsewhere/results/curve-wide.svg?v={name}").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("name", ["results/curve-huge.svg", "results/other-wide.svg", "results/risk-wide.svg"])
def test_a_chart_that_does_not_exist_is_not_found(partly_reviewed: PartlyReviewed, name: str) -> None:
    assert signed_in(partly_reviewed.house.bob).get(f"{HERE}/{name}").status_code == HTTPStatus.NOT_FOUND


def test_a_chart_that_cannot_be_drawn_is_said_so_and_logged(
    partly_reviewed: PartlyReviewed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(chart_files, "_run_process", no_process)
    answer = signed_in(partly_reviewed.house.bob).get(f"{HERE}/results/effort-narrow.svg")
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "no engine here" in caplog.text


def test_autonomy_that_was_never_earned_says_what_it_would_take(house: House) -> None:
    accept(house.reviewer, record_jobs(house.workflow, [RIGHT] * 5))
    page = read(signed_in(house.bob), f"{HERE}/autonomy")
    assert "has not earned autonomy yet" in page
    assert "45 decided jobs without a single error" in page
    assert "Cannot tell yet: too few jobs were decided" in page
    assert "Take autonomy back" not in page


def test_certified_and_watched_stand_beside_each_other_under_their_own_names(partly_reviewed: PartlyReviewed) -> None:
    page = read(signed_in(partly_reviewed.house.bob), f"{HERE}/autonomy")
    certified, watched = page.index("Certified, before it was allowed"), page.index("Watched, since then")
    assert "From 300 decided jobs that it did not learn from, 6 of them wrong" in page[certified:watched]
    assert "drawn at random from 100 jobs that skipped review" in page[watched:]
    assert "Take autonomy back" not in page  # Bob reviews; he does not own


def test_every_certificate_is_listed_with_what_audits_showed_under_it(partly_reviewed: PartlyReviewed) -> None:
    house = partly_reviewed.house
    certify(house)
    page = read(signed_in(house.bob), f"{HERE}/autonomy")
    listed = page[page.index("All certificates") :]
    assert f'href="{HERE}/releases/2"' in listed
    assert f'href="{HERE}/releases/3"' in listed
    assert "cannot tell yet" in listed  # of the newest, under which nothing has happened


def test_an_owner_takes_autonomy_back_with_a_reason(partly_reviewed: PartlyReviewed) -> None:
    house = partly_reviewed.house
    client = signed_in(house.alice)
    assert "Take autonomy back now" in read(client, f"{HERE}/autonomy")
    answer = client.post(f"{HERE}/autonomy/take-back", {"why": "the price list changed"}, follow=True)
    page = " ".join(answer.content.decode().split())
    assert "Autonomy is off: every job goes to a person from now on." in page
    assert "the price list changed" in page
    assert not LiveRelease.objects.get(workflow=house.workflow).is_autonomy_on
    event = ReleaseEvent.objects.filter(workflow=house.workflow).order_by("-pk")[0]
    assert (event.kind, event.by, event.from_job) == ("autonomy_off", "alice", 141)


def test_autonomy_is_not_taken_back_without_a_reason(partly_reviewed: PartlyReviewed) -> None:
    house = partly_reviewed.house
    answer = signed_in(house.alice).post(f"{HERE}/autonomy/take-back", {"why": " "})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "This field is required" in answer.content.decode()
    assert LiveRelease.objects.get(workflow=house.workflow).is_autonomy_on


def test_nobody_but_an_owner_takes_autonomy_back(partly_reviewed: PartlyReviewed) -> None:
    house = partly_reviewed.house
    answer = signed_in(house.bob).post(f"{HERE}/autonomy/take-back", {"why": "x"})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert LiveRelease.objects.get(workflow=house.workflow).is_autonomy_on


def test_the_api_gives_the_figures_of_both_pages_to_a_key_that_may_read(partly_reviewed: PartlyReviewed) -> None:
    house = partly_reviewed.house
    headers = {"Authorization": f"Bearer {make_key(house.owner, house.workflow, Scope.READ)}"}
    results = Client().get("/api/v1/workflows/support-inbox/results", headers=headers).json()
    right = read_results(house.workflow).everything.rates.right
    assert results["everything"]["rates"]["right"]["estimate"] == pytest.approx(right.estimate)
    assert results["account"]["progress"]["is_proven"] is False
    assert results["curve"][0]["points"]
    autonomy = Client().get("/api/v1/workflows/support-inbox/autonomy", headers=headers).json()
    assert autonomy["is_on"] is True
    assert autonomy["current"]["certified"]["from_jobs"] == 300
    assert autonomy["current"]["watched"]["skipped_jobs"] == 100
