"""How far the people agree who decide the jobs of a workflow: in all, by field, by reason and by person."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from django.db.models import Count, Exists, OuterRef, Q

from teachback.json_types import Json, JsonObject, canonical_json
from teachback.vocabulary import ReviewVerdict
from teachback_server.reviews.agreement.asking import SecondKind
from teachback_server.reviews.agreement.same_answer import Answer, answer_of
from teachback_server.reviews.agreement.stamping import NAMED_AT, Habits, weigh_stamping
from teachback_server.reviews.models import BulkMember, Retraction, Review, SecondReview
from teachback_server.statistics.agreement import Agreement, measure_agreement
from teachback_server.statistics.intervals import Interval, rate_confidence_sequence, wilson_interval
from teachback_server.workflows.models import Workflow

PAIRS_READ = 1000  # the newest decisions that were made twice
_LATELY = 100  # decisions, against all before
_TIMED = 500  # of each person's newest decisions
_FEWEST_BEFORE = 50


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What two people decided about the same job, who did not know of each other."""

    job_id: int
    first_by: int
    second_by: int
    first: Answer
    second: Answer
    first_output: JsonObject | None
    second_output: JsonObject | None
    first_reason: str
    second_reason: str


@dataclass(frozen=True, kw_only=True)
class NamedAgreement:
    """Agreement on one field or one reason; None where too little was decided twice, or everybody said the same."""

    name: str
    jobs: int
    same: int
    agreement: Agreement | None


@dataclass(frozen=True, kw_only=True)
class PersonFigures:
    """What one person's decisions look like beside the others'."""

    user_id: int
    name: str
    decisions: int
    accepted: int
    escalated: int
    median_seconds: float | None
    compared: int  # jobs that somebody else decided, too
    same: int
    same_interval: Interval | None
    known: int  # planted answers met
    known_right: int
    habits: Habits
    stamping: float  # evidence that they accept without looking
    before: Interval | None  # share of objections before the last hundred decisions
    lately: Interval | None

    @property
    def is_stamping(self) -> bool:
        """Whether the evidence names them."""
        return self.stamping >= NAMED_AT

    @property
    def has_drifted(self) -> bool:
        """Whether they object clearly more or less often than before."""
        if self.before is None or self.lately is None:
            return False
        return self.lately.low > self.before.high or self.lately.high < self.before.low


def list_pairs(workflow: Workflow, *, newest: int = PAIRS_READ, after_id: int = 0) -> list[Pair]:
    """The newest decisions that were made twice, the older ones first.

    Jobs that were accepted as equal to another say nothing of their own: the other was drawn, or not, like all.
    """
    rows = SecondReview.objects.filter(workflow=workflow, kind=SecondKind.SECOND, is_waiting=False, pk__gt=after_id)
    seconds = list(rows.filter(~_was_accepted_as_equal("job_id")).select_related("reason").order_by("-pk")[:newest])
    firsts = _list_firsts([row.job_id for row in seconds])
    return [
        Pair(
            job_id=row.job_id,
            first_by=first.reviewer_id or 0,
            second_by=row.reviewer_id or 0,
            first=answer_of(first.verdict, first.output),
            second=answer_of(row.verdict, row.output),
            first_output=first.output,
            second_output=row.output,
            first_reason=_reason_code(first),
            second_reason=_reason_code(row),
        )
        for row in reversed(seconds)
        if (first := firsts.get(row.job_id)) is not None
    ]


def measure_pairs(pairs: Sequence[Pair]) -> Agreement | None:
    """Agreement on the whole answer: the output that was stood behind, or that there was none to stand behind."""
    return measure_agreement([[pair.first, pair.second] for pair in pairs])


def list_field_agreement(pairs: Sequence[Pair]) -> list[NamedAgreement]:
    """Agreement on each field of the outputs, where both stood behind one."""
    values: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for pair in pairs:
        if pair.first_output is None or pair.second_output is None:
            continue
        for name in dict.fromkeys((*pair.first_output, *pair.second_output)):
            values[name].append((_spell(pair.first_output.get(name)), _spell(pair.second_output.get(name))))
    return [_named(name, both) for name, both in sorted(values.items())]


def list_reason_agreement(pairs: Sequence[Pair], labels: dict[str, str]) -> list[NamedAgreement]:
    """Agreement on each reason: whether it was given, among the jobs to which either person objected."""
    objected = [pair for pair in pairs if pair.first_reason or pair.second_reason]
    codes = sorted({code for pair in objected for code in (pair.first_reason, pair.second_reason) if code})
    return [
        _named(
            labels.get(code, code),
            [(str(pair.first_reason == code), str(pair.second_reason == code)) for pair in objected],
        )
        for code in codes
    ]


def list_people(workflow: Workflow, pairs: Sequence[Pair]) -> list[PersonFigures]:
    """Everybody who decided here, in the order of their names."""
    decided = Review.objects.filter(~_is_equal_member(), workflow=workflow, reviewer__isnull=False)
    rows = decided.values("reviewer_id", "reviewer__username").annotate(
        n=Count("pk"),
        accepted=Count("pk", filter=Q(verdict=ReviewVerdict.ACCEPTED)),
        escalated=Count("pk", filter=Q(verdict=ReviewVerdict.ESCALATED)),
    )
    people = sorted(rows, key=lambda row: str(row["reviewer__username"]).lower())
    seconds = {row["reviewer_id"]: _list_seconds(workflow, row["reviewer_id"]) for row in people}
    known = _count_known(workflow)
    all_decisions, all_accepted = sum(row["n"] for row in people), sum(row["accepted"] for row in people)
    found = []
    for row in people:
        person_id = row["reviewer_id"]
        others = [one for other, timed in seconds.items() if other != person_id for one in timed]
        met, right, wrong, missed = known.get(person_id, (0, 0, 0, 0))
        habits = Habits(
            decisions=row["n"],
            accepted=row["accepted"],
            others_decisions=all_decisions - row["n"],
            others_accepted=all_accepted - row["accepted"],
            known_wrong=wrong,
            known_missed=missed,
            median_seconds=median(seconds[person_id]) if seconds[person_id] else None,
            others_median_seconds=median(others) if others else None,
        )
        mine = [pair for pair in pairs if person_id in (pair.first_by, pair.second_by)]
        same = sum(pair.first == pair.second for pair in mine)
        before, lately = _find_drift(workflow, person_id, row["n"], row["accepted"])
        found.append(
            PersonFigures(
                user_id=person_id,
                name=row["reviewer__username"],
                decisions=row["n"],
                accepted=row["accepted"],
                escalated=row["escalated"],
                median_seconds=habits.median_seconds,
                compared=len(mine),
                same=same,
                same_interval=wilson_interval(same, len(mine)) if mine else None,
                known=met,
                known_right=right,
                habits=habits,
                stamping=weigh_stamping(habits),
                before=before,
                lately=lately,
            )
        )
    return found


def _is_equal_member() -> Exists:
    """Of a review: that its job was accepted as equal to another. It tells nothing of how its person looks at jobs."""
    return Exists(BulkMember.objects.filter(review_id=OuterRef("pk")))


def _was_accepted_as_equal(job: str) -> Exists:
    """Of a row about a job: that the job was accepted so, whether or not that stands; `job` names the column."""
    return Exists(BulkMember.objects.filter(job_id=OuterRef(job)))


def _list_firsts(job_ids: Sequence[int]) -> "dict[int, Review | Retraction]":
    """The first decision on each job: the one that stands, or the one that a third person settled otherwise."""
    firsts: dict[int, Review | Retraction] = {
        row.job_id: row for row in Review.objects.filter(job_id__in=job_ids).select_related("reason")
    }
    settled = Review.objects.filter(job_id__in=job_ids, idempotency_key__startswith="settled-").values("job_id")
    for row in Retraction.objects.filter(job_id__in=settled).order_by("review_id"):
        firsts[row.job_id] = row
    return firsts


def _reason_code(row: Review | Retraction | SecondReview) -> str:
    if isinstance(row, Retraction):
        return row.reason_code
    return row.reason.code if row.reason else ""


def _spell(value: Json) -> str:
    return canonical_json(value)


def _named(name: str, both: Sequence[tuple[str, str]]) -> NamedAgreement:
    same = sum(one == other for one, other in both)
    return NamedAgreement(name=name, jobs=len(both), same=same, agreement=measure_agreement(both))


def _list_seconds(workflow: Workflow, person_id: int) -> list[float]:
    newest = Review.objects.filter(workflow=workflow, reviewer_id=person_id, seconds__isnull=False).order_by("-pk")
    return [seconds for seconds in newest.values_list("seconds", flat=True)[:_TIMED] if seconds is not None]


def _count_known(workflow: Workflow) -> dict[int, tuple[int, int, int, int]]:
    """By person: known answers met, right ones, those where the agent was wrong, and of these the accepted ones.

    An output that was put before a person in a second review counts as known to be wrong once a third said so.
    """
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    asked = SecondReview.objects.filter(workflow=workflow, is_waiting=False)
    planted = list(asked.filter(kind=SecondKind.PLANTED).select_related("job"))
    settled_key = "job__review__idempotency_key__startswith"
    settled = list(asked.filter(~_was_accepted_as_equal("job_id"), kind=SecondKind.SECOND, **{settled_key: "settled-"}))
    standing = _list_standing([row.job_id for row in (*planted, *settled)])
    for row in planted:
        _count_one(counts[row.reviewer_id or 0], row, standing.get(row.job_id), is_known=True)
    for row in settled:
        _count_one(counts[row.reviewer_id or 0], row, standing.get(row.job_id), is_known=False)
    return {person_id: (met, right, wrong, missed) for person_id, (met, right, wrong, missed) in counts.items()}


def _list_standing(job_ids: Iterable[int]) -> dict[int, Review]:
    return {row.job_id: row for row in Review.objects.filter(job_id__in=list(job_ids))}


def _count_one(counts: list[int], row: SecondReview, standing: Review | None, *, is_known: bool) -> None:
    if standing is None:
        return
    is_right = answer_of(row.verdict, row.output) == answer_of(standing.verdict, standing.output)
    was_wrong = standing.verdict != ReviewVerdict.ACCEPTED
    counts[0] += is_known
    counts[1] += is_known and is_right
    counts[2] += was_wrong
    counts[3] += was_wrong and row.verdict == ReviewVerdict.ACCEPTED


def _find_drift(
    workflow: Workflow, person_id: int, decisions: int, accepted: int
) -> tuple[Interval | None, Interval | None]:
    """The share of objections before the last hundred decisions, and in them; none where there were too few before."""
    if decisions < _LATELY + _FEWEST_BEFORE:
        return None, None
    newest = Review.objects.filter(~_is_equal_member(), workflow=workflow, reviewer_id=person_id).order_by("-pk")
    verdicts = list(newest.values_list("verdict", flat=True)[:_LATELY])
    lately = sum(verdict != ReviewVerdict.ACCEPTED for verdict in verdicts)
    before = decisions - accepted - lately
    return (
        rate_confidence_sequence(before, decisions - len(verdicts), 0.025),
        rate_confidence_sequence(lately, len(verdicts), 0.025),
    )
