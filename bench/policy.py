"""Shows what the policy does on real work in fifty orders, and what it claims where there is nothing to learn.

Run `python bench/policy.py`. Everything goes through the product's pure decisions (routing, batches, gates, planning,
Learn-then-Test, the guard), with no database. Agents are fitted once on samples of other rows and kept in the temp
folder; that takes some minutes the first time. `--orders N` and `--streams N` make it shorter or longer.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from policy_simulation.loop import Loop, RunResult, Terms
from policy_simulation.predictions import SIZES, Predictions, load_predictions
from teachback.vocabulary import GateVerdict
from teachback_server.evals.gate_test import Claim, PairedCase, account_of, judge_change

WORK = {"booking": "restaurants8k.jsonl", "bank": "banking77.jsonl"}
GATES_A_STREAM = 20
LARGEST_ERROR_SHARE = 0.10  # of orders; the certificates say 90 %


@dataclass(frozen=True, kw_only=True)
class Line:
    """The figures of all orders of one set."""

    orders: int
    reviewed: float
    reviewed_last_quarter: float
    right_last: float
    auto_error: float
    orders_above_limit: float
    certificates: float  # per order
    bound_below_truth: float  # share of certificates whose shown bound was wrong
    alarms: float
    releases: float
    fitted_examples: float
    autonomy_first_at: float


def main() -> int:
    """Print the tables; exit 1 if a promise of the statistics is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=50, help="orders of each set")
    parser.add_argument("--streams", type=int, default=200, help="streams of gates where nothing changes")
    arguments = parser.parse_args()
    started, kept = time.process_time(), True
    print(_header())
    for name, file_name in WORK.items():
        try:
            predictions = load_predictions(file_name)
        except FileNotFoundError as problem:
            print(f"{name}: skipped. {problem}")
            continue
        kept &= _show_set(name, predictions, arguments.orders)
    kept &= _show_null_work(min(10, arguments.orders))
    kept &= _show_null_streams(arguments.streams)
    print(f"{time.process_time() - started:.0f} CPU-seconds")
    return 0 if kept else 1


def _show_set(name: str, predictions: Predictions, orders: int) -> bool:
    policy = measure([Loop(predictions, Terms(), seed=seed).run() for seed in range(orders)])
    print(_row(f"{name}, policy", policy), flush=True)
    everything = Terms(may_certify=False)
    print(_row(f"{name}, all", measure([Loop(predictions, everything, seed=seed).run() for seed in range(5)])))
    short = [Loop(predictions, Terms(), seed=seed, most_jobs=2000).run() for seed in range(min(10, orders))]
    print(_row(f"{name}, 2,000 jobs", measure(short)), flush=True)
    return policy.orders_above_limit <= LARGEST_ERROR_SHARE and policy.bound_below_truth <= LARGEST_ERROR_SHARE


def _show_null_work(orders: int) -> bool:
    """Work whose answers do not depend on the input: nothing may ever skip review."""
    results = [Loop(make_null_predictions(seed), Terms(), seed=seed).run() for seed in range(orders)]
    line = measure(results)
    print(_row("answers at random", line))
    return line.certificates == 0


def _show_null_streams(streams: int) -> bool:
    false = sum(has_false_proven(np.random.default_rng(seed)) for seed in range(streams))
    print(f"{streams} streams of {GATES_A_STREAM} gates where nothing changes: {false} with a false “proven”")
    return false <= 0.05 * streams


def make_null_predictions(seed: int, jobs: int = 5000, sizes: int = len(SIZES)) -> Predictions:
    """An agent that has learned base rates: right as often as the commonest answer, whatever its confidence."""
    draws = np.random.default_rng(seed)
    answers = draws.choice(4, (sizes, jobs), p=[0.85, 0.05, 0.05, 0.05])
    truth = draws.choice(4, jobs, p=[0.85, 0.05, 0.05, 0.05])
    return Predictions(confidences=draws.beta(8, 2, (sizes, jobs)), answers=answers, is_right=answers == truth[None, :])


def has_false_proven(draws: np.random.Generator) -> bool:
    """Whether one stream of changes that change nothing ever gets `proven`."""
    claims: list[Claim] = []
    for _ in range(GATES_A_STREAM):
        cases = int(draws.integers(50, 300))
        differing = draws.binomial(cases, draws.uniform(0.02, 0.3))
        fixes = draws.random(differing) < 0.5
        pairs = [
            PairedCase(group=str(at), base_score=float(not is_fix), candidate_score=float(is_fix))
            for at, is_fix in enumerate(fixes)
        ]
        pairs += [PairedCase(group=str(at), is_same_result=True) for at in range(differing, cases)]
        report = judge_change(pairs, account=account_of(claims))
        claims += report.claims
        if report.verdict is GateVerdict.PROVEN:
            return True
    return False


def measure(results: Sequence[RunResult]) -> Line:
    """The figures of several orders of one set."""
    wrong = [int(np.sum(result.is_auto & ~result.is_right)) for result in results]
    auto = [int(result.is_auto.sum()) for result in results]
    certificates = [certificate for result in results for certificate in result.certificates]
    return Line(
        orders=len(results),
        reviewed=_mean([result.is_reviewed.mean() for result in results]),
        reviewed_last_quarter=_mean(
            [result.is_reviewed[-(result.is_reviewed.size // 4) :].mean() for result in results]
        ),
        right_last=_mean([result.is_right[-1000:].mean() for result in results]),
        auto_error=sum(wrong) / max(1, sum(auto)),
        orders_above_limit=_mean([errors > Terms().limit * jobs for errors, jobs in zip(wrong, auto, strict=True)]),
        certificates=len(certificates) / len(results),
        bound_below_truth=_mean([one.true_error > one.upper_bound for one in certificates]),
        alarms=_mean([result.alarms for result in results]),
        releases=_mean([result.releases for result in results]),
        fitted_examples=_mean([result.fitted_examples for result in results]),
        autonomy_first_at=_mean([result.certificates[0].at_job for result in results if result.certificates]),
    )


def _mean(values: Sequence[float | np.floating | np.bool_ | bool]) -> float:
    return float(np.mean(np.asarray(values, dtype=float))) if len(values) else 0.0


def _header() -> str:
    return (
        "                       orders  reviewed  last quarter  right at end  auto wrong  orders above limit"
        "  certificates  bound wrong  alarms  releases  fitted on  first autonomy at job"
    )


def _row(name: str, line: Line) -> str:
    cells = [
        f"{name:<22}",
        f"{line.orders:>6}",
        f"{line.reviewed:>9.1%}",
        f"{line.reviewed_last_quarter:>13.1%}",
        f"{line.right_last:>13.1%}",
        f"{line.auto_error:>11.1%}",
        f"{line.orders_above_limit:>19.0%}",
        f"{line.certificates:>13.1f}",
        f"{line.bound_below_truth:>12.1%}",
        f"{line.alarms:>7.2f}",
        f"{line.releases:>9.1f}",
        f"{line.fitted_examples:>10,.0f}",
        f"{line.autonomy_first_at:>23,.0f}",
    ]
    return " ".join(cells)


if __name__ == "__main__":
    sys.exit(main())
