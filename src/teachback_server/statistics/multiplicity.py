"""The account of claims: how strong the evidence for the next `proven` must be, so that few of all claims are false."""

import math
from dataclasses import dataclass, replace

_HEAD_START = 4  # flattens the shares of the first claims


def claim_share(claim_number: int) -> float:
    """The part of the error budget that belongs to the claim with this number (from 1): the slow γ_t.

    Formula: γ_t = ln(5)·(1/ln(t+4) − 1/ln(t+5)), about ln(5)/(t ln² t). It telescopes, so all shares add up to
    exactly 1. Chosen slow, because a workflow makes some dozens of claims, and the first of them must not eat the
    budget of the twentieth: γ is .102, .034, .016, .0037 for claims 1, 5, 10, 30, where the usual 6/(π²t²) gives
    .608, .024, .006, .0007.
    Raises ValueError for a number below 1.
    """
    if claim_number < 1:
        raise ValueError(f"Claims are numbered from 1; there is no claim {claim_number}.")
    start = claim_number + _HEAD_START
    return math.log(1 + _HEAD_START) * (1 / math.log(start) - 1 / math.log(start + 1))


def e_lond_level(claim_number: int, discoveries_so_far: int, alpha: float = 0.05) -> float:
    """The level at which the next claim is tested so that at most alpha of all claims that pass are expected false.

    Formula: α_t = α γ_t (D_{t−1} + 1), D the claims that passed before; γ is `claim_share`. Every claim that is tested
    takes a number, whether it passes or not. Assumes that each e-value has expectation at most 1 when its claim is
    false; the claims may depend on each other in any way. If no change ever helps, the chance of even one false claim
    is at most alpha. Source: Xu & Ramdas (2024), "Online multiple testing with e-values" (e-LOND).
    Raises ValueError when more claims passed than were made before this one.
    """
    if not 0 <= discoveries_so_far < claim_number:
        raise ValueError(f"{discoveries_so_far} claims cannot have passed before claim {claim_number}.")
    return alpha * claim_share(claim_number) * (discoveries_so_far + 1)


def is_claim_allowed(e_value: float, level: float) -> bool:
    """Whether the evidence is strong enough: an e-value of at least one over the level."""
    return e_value * level >= 1


@dataclass(frozen=True, kw_only=True)
class ClaimAccount:
    """The running account of a workflow: of so many claims, so many passed, at most a share alpha of those is false."""

    claims: int = 0
    discoveries: int = 0
    alpha: float = 0.05

    @property
    def next_level(self) -> float:
        """The level at which the next claim will be tested."""
        return e_lond_level(self.claims + 1, self.discoveries, self.alpha)


def record_claim(account: ClaimAccount, e_value: float) -> tuple[ClaimAccount, bool]:
    """Test the next claim by its e-value; returns the account afterwards and whether the claim passed."""
    is_allowed = is_claim_allowed(e_value, account.next_level)
    after = replace(account, claims=account.claims + 1, discoveries=account.discoveries + int(is_allowed))
    return after, is_allowed
