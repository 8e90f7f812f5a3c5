"""Tests of expressions that people write: what is refused, what is computed, and what is said when neither works."""

import re
import subprocess
import sys
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from teachback.cel_source import list_fields_of, read_source
from teachback.pattern_weight import pattern_weight
from teachback.safe_cel import CelRefused, compile_expression

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def value(expression: str, *, input: Any = None, output: Any = None, confidence: float | None = 0.9) -> Any:
    result = compile_expression(expression).evaluate(
        {"input": input or {}, "output": output or {}, "confidence": confidence}
    )
    assert result.note == ""
    return result.value


def note(expression: str, *, input: Any = None, output: Any = None, confidence: float | None = 0.9) -> str:
    result = compile_expression(expression).holds(
        {"input": input or {}, "output": output or {}, "confidence": confidence}
    )
    assert result.value is False
    return result.note


def refusal(expression: str) -> str:
    with pytest.raises(CelRefused) as refused:
        compile_expression(expression)
    return str(refused.value)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("output.queue == 'refund' && output.amount > 100", True),
        ("has(output.missing)", False),
        ("has(output.missing) && output.missing > 3", False),
        ("output.nothing == null", True),
        ("output.tags.exists(tag, tag == 'b')", True),
        ("output.tags.all(tag, size(tag) == 1)", True),
        ("size(output.tags.filter(tag, tag != 'a'))", 1),
        ("'a' in output.tags", True),
        ("input.message.matches('(?i)REFUND')", True),
        ("input.message.matches(r'^\\w+ \\d{2}$')", True),
        ("confidence >= 0.9", True),
        ("output.amount / 2.0", 75.25),
        ("string(output.count) + ' pieces'", "3 pieces"),
        ("output.queue == 'a' ? 'x' : 'y'", "y"),
        ("timestamp('2026-01-31T09:30:00Z')", "2026-01-31T09:30:00Z"),
        ("output['queue']", "refund"),
        ("{'a': [1, null]}", {"a": [1, None]}),
    ],
)
def test_expressions_are_computed(expression: str, expected: Any) -> None:
    output = {"queue": "refund", "amount": 150.5, "count": 3, "tags": ["a", "b"], "nothing": None}
    assert value(expression, input={"message": "refund 42"}, output=output) == expected


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("1 +", "at place 4: something is missing at the end"),
        ("(output.x > 1", "something is missing at the end"),
        ("output.x > 1)", "at place 13"),
        ("output.x\n  >< 1", "in line 2"),
        ("output.x = 3", "place 10: write `==`"),
        ("output.x > 1 and output.y > 1", "written `&&`"),
        ("not output.x", "written `!`"),
        ("output.queue == billing", "'billing' in quotes"),
        ("queue == 'x'", "`output.queue` or `input.queue`"),
        ("output.queue == “x”", "place 17: write a straight one"),
        ("output.queue == 'x", "place 17 is never closed"),
        ("output.x == 1 // why", "comment begins at place 15"),
        ("output.x\u200b == 1", "invisible character stands at place 9"),
        ("output.x\x00", "invisible character"),
        ("ärger == 1", "put texts in quotes"),
        ("output.queue.lowerAscii() == 'x'", "(?i)"),
        ("len(output.x) > 1", "size(output.x)"),
        ("output.x.map(y, y)", "`filter`"),
        ("output.x.fly()", "`fly` is not a known function"),
        ("optional.none()", "`none` is not a known function"),
        ("all(1)", "`all` is not a known function"),
        ("input.message.matches(input.pattern)", "one quoted text"),
        ("input.message.matches('a' + 'b')", "one quoted text"),
        ("input.message.matches()", "one quoted text"),
        ("input.message.matches('(')", "unclosed group"),
        ("input.message.matches('(.{0,300}){0,30}!$')", "repeats its parts too often"),
        ("9" * 30, "at place 1"),
        ("output.`x`", "at place"),
        ("output.a.all(x, output.b.exists(y, x == y))", "inside another loop"),
        ("output.a.filter(x, output.a.all(y, true)).all(z, z)", "inside another loop"),
        ("output.a.existsOne(x, output.b.exists_one(y, x == y))", "inside another loop"),
        ("output.a . all\n (x, output.b.all(y, true))", "inside another loop"),
        ("x" * 501, "501 characters; 500 are allowed"),
        ("(" * 30 + "1" + ")" * 30, "More than 20 brackets"),
        ("[" * 21 + "]" * 21, "More than 20 brackets"),
        ("true?1:" * 21 + "2", "More than 20 choices"),
    ],
)
def test_expressions_that_cannot_be_used_are_refused_with_place_and_remedy(expression: str, words: str) -> None:
    assert words in refusal(expression)


def test_code_cannot_hide_in_what_looks_like_text() -> None:
    hidden = r"""r"\" + string(output.a.all(x, output.b.all(y, true))) + r"\" """.strip()
    assert "inside another loop" in refusal(hidden)


def test_a_loop_may_follow_another_loop() -> None:
    assert value("output.a.all(x, x > 0) && output.a.exists(y, y == 2)", output={"a": [1, 2]}) is True


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("output.x > 3", "no field `x`: write `has(output.x) && …`"),
        ("output.nothing > 3", "one of them is null"),
        ("output.text > 3", "different kinds"),
        ("output.text + 1 == 'x'", "different kinds"),
        ("size(output.nothing) > 1", "`size` got a value that it cannot take"),
        ("int(output.text) > 3", "`int` got a value"),
        ("output.zero / 0 == 1", "divided by zero"),
        ("output.big + 1 > 0", "too large"),
        ("output.list[7] == 1", "fewer items"),
        ("output.text", "neither true nor false"),
        ("Point{x: 1} == 1", "could not be computed"),
    ],
)
def test_what_cannot_be_computed_does_not_hold_and_says_why(expression: str, words: str) -> None:
    output = {"nothing": None, "text": "abc", "zero": 0, "big": 2**63 - 1, "list": [1]}
    assert words in note(expression, output=output)


def test_a_condition_without_confidence_says_so() -> None:
    assert note("confidence > 0.5", confidence=None) == "This job has no confidence: write `confidence != null && …`."
    assert value("confidence != null && confidence > 0.5", confidence=None) is False


def test_half_a_sign_in_a_text_is_a_note_and_no_crash() -> None:
    assert "could not be computed" in note("output.x == 'a'", output={"x": "\ud800"})


@pytest.mark.parametrize("expression", ["b'abc'", "duration('1h')", "1.0 / 0.0", "[b'x']", "{1: 2}"])
def test_values_that_an_output_cannot_hold_are_a_note(expression: str) -> None:
    result = compile_expression(expression).evaluate({})
    assert result.value is None
    assert "cannot hold" in result.note


def test_a_large_job_is_not_searched_for_minutes() -> None:
    long_text = {"message": "a" * 1_000_000}
    assert "too large" in note(f"input.message.matches('{'a?' * 100}b')", input=long_text)
    many = {"items": list(range(200_000))}
    assert "too large" in note("input.items.all(x, x in input.items)", input=many)


def test_a_large_job_can_be_looked_at_without_searching() -> None:
    assert value("input.message == 'b'", input={"message": "a" * 1_000_000}) is False


def test_an_ordinary_mail_can_be_searched() -> None:
    assert value("input.message.matches('(?i)invoice [0-9]{4,8}')", input={"message": "x " * 20_000}) is False


def test_the_same_expression_is_compiled_once() -> None:
    assert compile_expression("output.x == 1") is compile_expression("output.x == 1")


def test_a_compiled_expression_works_in_another_thread() -> None:
    compiled, results = compile_expression("output.x == 1"), []
    thread = threading.Thread(target=lambda: results.append(compiled.evaluate({"output": {"x": 1}}).value))
    thread.start()
    thread.join()
    assert results == [True]


def test_the_deepest_allowed_expressions_do_not_crash_a_thread_with_a_small_stack() -> None:
    program = """
import threading
from teachback.safe_cel import CelRefused, compile_expression

DEEP = ["(" * 20 + "1" + ")" * 20, "!" * 400 + "true", "-" * 400 + "1", "+".join(["1"] * 200), "true?1:" * 20 + "2",
        "!(" * 20 + "true" + ")" * 20, "[" * 20 + "]" * 20, "output" + ".a" * 200, "output" + "[0]" * 150,
        "true&&" * 80 + "true", "{1:" * 20 + "1" + "}" * 20]

def run():
    for expression in DEEP:
        compile_expression(expression).evaluate({"output": {}})
    print("survived", end="")

threading.stack_size(512 * 1024)
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "survived", done.stderr


WORDS = """
output input confidence x queue . ( ) [ ] { } , : ? + - * / % ! == = < > && || in 'a' "b" ' 1 2.5 null true
all exists filter map has size matches r'\\' '(?i)a+' // ` \\
"""
pieces = st.lists(st.sampled_from([*WORDS.split(), "e\u0301", "\n"]), max_size=25)


@unhurried
@given(pieces.map(" ".join) | pieces.map("".join) | st.text(max_size=30))
def test_whatever_people_write_is_computed_or_refused_with_a_sentence(text: str) -> None:
    try:
        compiled = compile_expression(text)
    except CelRefused as refused:
        assert re.search(r"\w+ \w+.*\.$", str(refused), re.DOTALL)
    else:
        result = compiled.holds({"input": {"x": "a"}, "output": {"x": [1, 2]}, "confidence": None})
        assert isinstance(result.value, bool)
        assert not (result.value and result.note)


def test_the_fields_that_an_expression_reads_are_listed() -> None:
    source = read_source("output.a.b == input.c && output.d.contains('output.e') && has(output.f) && output.a.b == 1")
    assert list_fields_of(source, "output") == ("a.b", "d", "f")
    assert list_fields_of(source, "input") == ("c",)


@pytest.mark.parametrize(
    ("pattern", "weight"),
    [
        ("", 0),
        ("abc", 3),
        ("a{3}", 3),
        ("[a-z]{4}", 4),
        ("(ab{3}){5}", 20),
        ("((a{10}){10}){10}", 1_000),
        (r"\d{4}-\d{2}", 7),
        (r"a\{9\}", 4),
        ("[]{9}]{2}", 2),
        ("[^]]{3}", 3),
        ("x{2,50}", 50),
        ("x{0}", 1),
        (")x{3}", 4),
        ("[", 1),
        ("\\", 1),
    ],
)
def test_a_pattern_weighs_as_much_as_it_can_repeat(pattern: str, weight: int) -> None:
    assert pattern_weight(pattern) == weight
