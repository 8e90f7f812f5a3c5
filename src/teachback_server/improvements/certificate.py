"""The outcome of trying to certify autonomy, in figures and in words. Pure."""

from dataclasses import asdict, dataclass

from teachback.json_types import Json
from teachback.spelled_share import spell_share
from teachback.vocabulary import GateVerdict
from teachback_server.statistics.thresholds import CertifiedThreshold


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What Learn-then-Test found on a pool of judged jobs; `found` None: nothing may skip review on this evidence."""

    limit: float
    certainty: float
    attempt: int
    pool: int
    found: CertifiedThreshold | None

    @property
    def verdict(self) -> GateVerdict:
        """Proven, or cannot tell: too few jobs or too many errors to allow it."""
        return GateVerdict.PROVEN if self.found is not None else GateVerdict.CANNOT_TELL

    def as_json(self) -> dict[str, Json]:
        """The report that the gate of the approval lever keeps."""
        figures: dict[str, Json] = {
            "limit": self.limit,
            "certainty": self.certainty,
            "attempt": self.attempt,
            "pool": self.pool,
            "sentence": describe_certificate(self),
            "claims": [],
        }
        if self.found is not None:
            figures.update(asdict(self.found))
        return figures


def describe_certificate(certificate: Certificate) -> str:
    """The sentence that an owner reads."""
    found, limit = certificate.found, spell_share(certificate.limit)
    if found is None:
        return (
            f"{certificate.pool} judged jobs do not show yet that any share of the work stays under "
            f"{limit} wrong. Everything is reviewed, and the next release tries again."
        )
    share, were = spell_share(found.share), "was" if found.errors == 1 else "were"
    return (
        f"The surest {share} of jobs may skip review: {found.errors} of {found.jobs} such jobs {were} "
        f"wrong, so with {spell_share(certificate.certainty)} certainty fewer than {limit} of them are."
    )


def title_of(certificate: Certificate) -> str:
    """What the change is called in lists."""
    found = certificate.found
    if found is None:
        return "Autonomy was not earned"
    share = spell_share(found.share)
    return f"Jobs with a confidence of {found.threshold:.2f} or more skip review, about {share} of the work"
