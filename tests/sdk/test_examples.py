"""The examples and the page about the SDK run as they stand, without a server."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import teachback
from servers import environment
from teachback.configuration import Settings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "sdk.md"
EXPECTED = {
    "triage": "t-1: finished, a person decides. No release is known here, so everything is reviewed.",
    "streaming_chat": "We have bicycle (red) and bicycle (blue)",
    "release_levers": "{'queue': 'delivery'} under release none yet\na person has not decided yet",
    "replay_recorded_jobs": "done: {'queue': 'returns'}\ndiverged: The tool “send mail” has side effects",
    "beside_opentelemetry": "{'queue': 'delivery'}\n['chat small', 'POST /tickets']",
}


def run(*arguments: str, home: Path) -> str:
    ended = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        env=environment(home, XDG_STATE_HOME=str(home)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_does_what_it_says(name: str, tmp_path: Path) -> None:
    assert run(str(ROOT / "examples" / f"{name}.py"), home=tmp_path).startswith(EXPECTED[name])


def test_every_example_is_run() -> None:
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} == set(EXPECTED)


def test_the_code_on_the_page_runs_from_top_to_bottom(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks))
    assert "done {'queue': 'delivery'}" in run(str(script), home=tmp_path)


def test_every_setting_and_every_public_name_is_on_the_page() -> None:
    page = PAGE.read_text()
    given_back = {"Decision", "Delivery", "Example", "Job", "JobResult", "Redact", "Release", "ReviewMessage"}
    types = given_back | {"Routing", "Step", "Workflow"}
    missing = [name for name in {*teachback.__all__} - types if name not in page]
    missing += [setting.name for setting in fields(Settings) if f"`{setting.name}`" not in page]
    assert missing == []


def test_importing_it_starts_nothing_and_loads_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys, threading, teachback; teachback.workflow('x').run(lambda given: given, {});"
        "heavy = {'asyncio', 'cel', 'jsonschema', 'httpx', 'django', 'opentelemetry.sdk'} & set(sys.modules);"
        "print(sorted(heavy), threading.active_count())"
    )
    assert run("-c", script, home=tmp_path) == "[] 1\n"
