"""The account of claims keeps false ones rare over whole streams of gates, where single tests do not."""

import math
from functools import cache

import numpy as np
import pytest

from teachback_server.statistics.multiplicity import (
    ClaimAccount,
    claim_share,
    e_lond_level,
    is_claim_allowed,
    record_claim,
)
from teachback_server.statistics.paired import discordant_e_value, mcnemar_mid_p


@cache
def cached_e_value(fixed: int, broken: int) -> float:
    return discordant_e_value(fixed, broken)


@cache
def cached_mid_p(fixed: int, broken: int) -> float:
    return mcnemar_mid_p(fixed, broken)


def test_all_shares_together_are_the_whole_budget() -> None:
    shares = [claim_share(number) for number in range(1, 5001)]
    assert sum(shares) == pytest.approx(1 - math.log(5) / math.log(5005))
    assert shares == sorted(shares, reverse=True)


def test_shares_fall_slowly_enough_for_dozens_of_claims() -> None:
    assert [round(claim_share(number), 4) for number in (1, 5, 10, 30)] == [0.1018, 0.0335, 0.0155, 0.0037]


def test_each_discovery_makes_the_next_claim_easier() -> None:
    assert e_lond_level(7, 3) == pytest.approx(4 * e_lond_level(7, 0))


def test_a_claim_passes_exactly_at_one_over_the_level() -> None:
    assert is_claim_allowed(20, 0.05)
    assert not is_claim_allowed(19.9, 0.05)


def test_impossible_accounts_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot have passed"):
        e_lond_level(3, 3)
    with pytest.raises(ValueError, match="numbered from 1"):
        claim_share(0)


def test_an_account_counts_every_claim_and_only_those_that_passed() -> None:
    account, passed = record_claim(ClaimAccount(), 1.0)
    assert (account.claims, account.discoveries, passed) == (1, 0, False)
    account, passed = record_claim(account, 1e6)
    assert (account.claims, account.discoveries, passed) == (2, 1, True)
    assert account.next_level == e_lond_level(3, 1)


def null_gates(seed: int, streams: int, gates: int) -> np.ndarray:
    return np.random.default_rng(seed).multinomial(300, [0.06, 0.06, 0.88], size=(streams, gates))


@pytest.mark.parametrize(("gates", "expected"), [(8, 0.32), (30, 0.78)])
def test_single_tests_prove_something_false_in_most_long_streams(gates: int, expected: float) -> None:
    streams = null_gates(41, 600, gates)
    false = [any(cached_mid_p(int(b), int(c)) <= 0.05 for b, c, _ in stream) for stream in streams]
    assert np.mean(false) == pytest.approx(expected, abs=0.06)


def test_the_account_proves_something_false_in_less_than_five_percent_of_null_streams() -> None:
    false = 0
    for stream in null_gates(42, 1000, 20):
        account = ClaimAccount()
        for fixed, broken, _ in stream:
            account, _passed = record_claim(account, cached_e_value(int(fixed), int(broken)))
        false += account.discoveries > 0
    assert false / 1000 <= 0.05


def test_large_early_gains_are_proven_and_few_of_the_proven_are_false() -> None:
    rng = np.random.default_rng(43)
    proven, false_shares = [], []
    for _ in range(300):
        account, false = ClaimAccount(), 0
        for gate in range(12):
            rates = [0.15, 0.04, 0.81] if gate % 3 == 0 else [0.06, 0.06, 0.88]
            fixed, broken, _ = rng.multinomial(400, rates)
            account, is_proven = record_claim(account, cached_e_value(int(fixed), int(broken)))
            false += is_proven and gate % 3 != 0
        proven.append(account.discoveries)
        false_shares.append(false / max(account.discoveries, 1))
    assert np.mean(proven) > 3
    assert np.mean(false_shares) <= 0.05
