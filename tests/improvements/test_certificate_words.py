"""What an owner reads of a certificate has the limit that the owner set, not a rounded one."""

import pytest

from teachback.routing import routing_of_observed
from teachback_server.improvements.certificate import Certificate, describe_certificate


@pytest.mark.parametrize(("limit", "said"), [(0.005, "0.5 %"), (0.075, "7.5 %"), (0.1, "10 %")])
def test_a_limit_below_ten_per_cent_is_said_with_its_decimal(limit: float, said: str) -> None:
    sentence = describe_certificate(Certificate(limit=limit, certainty=0.9, attempt=1, pool=40, found=None))
    assert f"stays under {said} wrong" in sentence.replace("\xa0", " ")


def test_a_small_share_of_observed_jobs_is_not_said_to_be_none() -> None:
    assert "a random 0.1 % of such jobs" in routing_of_observed(share=0.001).reason.replace("\xa0", " ")
