"""Shows what is understood of the captured requests of real instrumentations, suite by suite.

Run `python bench/meaning.py`. The archive is read from `../shared/data` (or TEACHBACK_SHARED_DATA); `--archive FILE`
names another one of the same form, or a folder. Exits 1 if an attribute that carries messages is unread, or if the
input or output of fewer than 95 % of the jobs that carry any was found.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from captured_spans.measuring import Understood, measure_suite
from captured_spans.reading import find_archive, read_suites
from teachback.vocabulary import StepKind

LOWEST_SHARE = 0.95


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, help="requests by suite, as SUITE/NAME.pb in a tar archive or a folder")
    arguments = parser.parse_args()
    try:
        suites = read_suites(arguments.archive or find_archive())
    except FileNotFoundError as problem:
        print(problem, file=sys.stderr)
        return 2
    figures = [measure_suite(suite, spans) for suite, spans in suites.items()]
    _print_table(figures)
    return 0 if all(_is_understood(one) for one in figures) else 1


def _is_understood(one: Understood) -> bool:
    return not one.unread and min(one.input_share, one.output_share) >= LOWEST_SHARE


def _print_table(figures: Sequence[Understood]) -> None:
    kinds = "".join(f"{kind.value:>10}" for kind in StepKind)
    print(f"{'suite':20}{'spans':>7}{'traces':>7}{'jobs':>6}{kinds}{'input':>10}{'output':>10}{'tokens':>10}", end="")
    print(f"{'unread':>7}{'unshown':>8}{'µs/span':>8}")
    for one in figures:
        counts = "".join(f"{one.kinds[kind]:>10}" for kind in StepKind)
        print(f"{one.suite:20}{one.spans:>7}{one.traces:>7}{one.jobs:>6}{counts}", end="")
        print(_share(one.input_found, one.with_input), end="")
        print(_share(one.output_found, one.with_output), end="")
        print(_share(one.tokens_found, one.with_tokens), end="")
        print(f"{one.unread.total():>7}{one.unshown:>8}{one.microseconds:>8.1f}")
        for name, times in one.unread.most_common(5):
            print(f"    unread {times} times: {name}")
    spans = sum(one.spans for one in figures)
    mean = sum(one.microseconds * one.spans for one in figures) / spans
    print(f"{spans} spans; the facts of one take {mean:.1f} µs of CPU")


def _share(found: int, of: int) -> str:
    return f"{f'{found}/{of}':>10}"


if __name__ == "__main__":
    sys.exit(main())
