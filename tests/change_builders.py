"""Patterns and judged changes for tests: made by the acts of the loop, without waiting for an agent."""

from collections.abc import Sequence

from builders import House, accept, correct, record_jobs
from teachback.release_document import Approval, ReleaseDocument, Rule
from teachback.vocabulary import GateVerdict, JobStatus, Lever
from teachback_server.agents.bundles import get_bundle
from teachback_server.agents.protocol import ReleaseBundle
from teachback_server.evals.gate_jobs import CaseOutcome
from teachback_server.evals.gate_test import GateReport, PairedCase, judge_change
from teachback_server.evals.models import Case
from teachback_server.improvements.actions import propose_change
from teachback_server.improvements.candidates import Candidate, ChangeState, Judged, store_verdict
from teachback_server.improvements.certificate import Certificate
from teachback_server.improvements.edits import Edit
from teachback_server.improvements.models import Change, Pattern
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import NewExample, keep_examples
from teachback_server.releases.queries import get_live_state
from teachback_server.statistics.multiplicity import ClaimAccount
from teachback_server.statistics.thresholds import CertifiedThreshold

LATE_PARCELS = Rule(
    name="late parcels",
    when='output.queue == "billing"',
    action="set_field",
    field="queue",
    value='"delivery"',
    reason="the parcel is late",
)


def make_pattern(house: House, *, wrong: int = 12, right: int = 12) -> Pattern:
    """Jobs that went to billing and were corrected to delivery, and others that were accepted; noticed by the loop."""
    jobs = record_jobs(house.workflow, [{"queue": "billing"}] * wrong + [{"queue": "returns"}] * right)
    correct(house.reviewer, jobs[:wrong], {"queue": "delivery"})
    accept(house.reviewer, jobs[wrong:])
    take_in_reviews(house.workflow)
    return Pattern.objects.get(workflow=house.workflow)


def gate_cases(house: House) -> list[Case]:
    """The cases that may judge now, oldest first."""
    return list(Case.objects.filter(workflow=house.workflow, split="gate", spent_by=None).order_by("pk"))


def report_on(fixed: int, broken: int, same: int) -> GateReport:
    """A real report of a gate on so many cases."""
    scores = [(0.0, 1.0)] * fixed + [(1.0, 0.0)] * broken + [(1.0, 1.0)] * same
    cases = [
        PairedCase(group=str(number), base_score=base, candidate_score=after)
        for number, (base, after) in enumerate(scores)
    ]
    return judge_change(cases, account=ClaimAccount())


def propose_rule(house: House, pattern: Pattern, rule: Rule = LATE_PARCELS) -> Change:
    """A rule that Alice proposes."""
    return propose_change(
        house.owner, house.workflow, Edit(rule=rule), title=f"Rule “{rule.name}”", why="Every day", patterns=[pattern]
    )


def judge_rule(
    house: House, change: Change, *, report: GateReport | None = None, outcome: ChangeState = ChangeState.RELEASED
) -> Change:
    """Store a verdict on a proposed rule, judged by every case that may judge."""
    live = get_live_state(house.workflow)
    document = ReleaseDocument(workflow=house.workflow.name, rules=(LATE_PARCELS,))
    candidate = Candidate(
        bundle=_bundle(house, document), lever=Lever.RULES, title=change.title, patterns=(), change=change
    )
    cases = gate_cases(house)
    judged = _judged(report or report_on(30, 0, 10), cases, is_right=True)
    return store_verdict(house.owner, house.workflow, live, candidate, judged, outcome=outcome, now=change.proposed_at)


def release_examples(house: House, pattern: Pattern, *, report: GateReport | None = None) -> Change:
    """A batch of examples from every practice case, released."""
    live = get_live_state(house.workflow)
    cases = list(Case.objects.filter(workflow=house.workflow, split="practice").select_related("job"))
    hashes = keep_examples(house.workflow, [_example(case) for case in cases])
    document = ReleaseDocument(workflow=house.workflow.name, example_hashes=tuple(hashes))
    candidate = Candidate(
        bundle=_bundle(house, document),
        lever=Lever.EXAMPLES,
        title=f"{len(hashes)} more reviewed jobs as examples",
        patterns=(pattern,),
        taught_case_ids=[case.pk for case in cases],
    )
    judged = _judged(report or report_on(3, 0, 200), gate_cases(house), is_right=True)
    now = cases[-1].job.finished_at
    assert now is not None
    return store_verdict(SYSTEM, house.workflow, live, candidate, judged, outcome=ChangeState.RELEASED, now=now)


def release_certificate(house: House) -> Change:
    """Autonomy that was certified on every case that may judge."""
    live = get_live_state(house.workflow)
    approval = Approval(threshold=0.7, error_limit=0.05, certainty=0.9, certified_from_jobs=60, certified_errors=0)
    document = ReleaseDocument(workflow=house.workflow.name, approval=approval)
    found = CertifiedThreshold(share=0.4, threshold=0.7, jobs=60, errors=0, p=0.01)
    certificate = Certificate(limit=0.05, certainty=0.9, attempt=1, pool=100, found=found)
    cases = gate_cases(house)
    judged = Judged(
        verdict=GateVerdict.PROVEN,
        report=certificate.as_json(),
        spent_case_ids=[case.pk for case in cases],
        judged_through=0,
        candidate_confidences=[],
        runs=[(None, _outcomes(cases, is_right=True))],
    )
    candidate = Candidate(bundle=_bundle(house, document), lever=Lever.APPROVAL, title="Sure jobs skip review")
    now = live.release.created_at
    return store_verdict(SYSTEM, house.workflow, live, candidate, judged, outcome=ChangeState.RELEASED, now=now)


def _judged(report: GateReport, cases: Sequence[Case], *, is_right: bool) -> Judged:
    base = [
        CaseOutcome(case_id=case.pk, status=JobStatus.FINISHED, is_right=case.was_right, confidence=0.6)
        for case in cases
    ]
    return Judged(
        verdict=report.verdict,
        report={**report.as_json(), "compared_with": [1]},
        spent_case_ids=[case.pk for case in cases],
        judged_through=0,
        candidate_confidences=[],
        runs=[(cases[0].job.release, base), (None, _outcomes(cases, is_right=is_right))] if cases else [],
    )


def _outcomes(cases: Sequence[Case], *, is_right: bool) -> list[CaseOutcome]:
    return [
        CaseOutcome(case_id=case.pk, status=JobStatus.FINISHED, is_right=is_right, confidence=0.9) for case in cases
    ]


def _bundle(house: House, document: ReleaseDocument) -> ReleaseBundle:
    bundle = get_bundle(house.release)
    return ReleaseBundle(
        document=document, input_schema=bundle.input_schema, output_schema=bundle.output_schema, examples=()
    )


def _example(case: Case) -> NewExample:
    assert case.expected is not None
    return NewExample(input=case.job.input, output=case.expected, source_job_id=case.job_id)
