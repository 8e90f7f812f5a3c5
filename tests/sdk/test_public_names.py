"""What `import teachback` offers is there when it is asked for, and not before."""

import subprocess
import sys

import teachback


def test_every_public_name_is_there() -> None:
    for name in teachback.__all__:
        assert getattr(teachback, name) is not None
    assert set(teachback.__all__) <= set(dir(teachback))


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    assert not hasattr(teachback, "teach_back")


def test_a_pure_module_loads_nothing_that_talks_to_servers() -> None:
    asked = "import sys, teachback.vocabulary; print([m for m in sys.modules if m.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", asked], check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout.strip() == "[]"


def test_rules_load_the_engine_of_their_language_and_not_its_command_line() -> None:
    asked = (
        "import sys, teachback.rules; print([m for m in ('rich', 'prompt_toolkit') if m in sys.modules]); "
        "import cel; print(cel.compile('1 + 1').execute())"
    )
    done = subprocess.run([sys.executable, "-c", asked], check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout.split() == ["[]", "2"]
