"""What is known of a release: each judged case stands for all jobs that had the same chance of being reviewed."""

import pytest

from loops import Loop, always_right, make_loop
from teachback_server.evals.models import Case, CaseResult
from teachback_server.improvements.evidence import get_evidence

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture
def loop(db: None) -> Loop:
    return make_loop(always_right)


def test_a_case_stands_for_as_many_jobs_as_its_chance_of_review_says(loop: Loop) -> None:
    loop.turn(100, may_certify=False)
    judged = CaseResult.objects.filter(run__release=loop.live.release).order_by("pk")
    cases = [result.case_id for result in judged]
    assert get_evidence(loop.live.release).weights == [1.0] * len(cases)
    Case.objects.filter(pk=cases[0]).update(review_probability=0.05)
    assert get_evidence(loop.live.release).weights == pytest.approx([20.0] + [1.0] * (len(cases) - 1))
