"""The process that serves pages stays small: what only background work needs is not loaded with it."""

import json
import subprocess
import sys
from pathlib import Path

from servers import environment

HEAVY = ("sklearn", "scipy.stats", "altair", "vl_convert", "pandas", "pycrfsuite")
LOAD_ALL_PAGES = """
import json, sys
import teachback_server.project.wsgi
from django.urls import URLResolver, get_resolver

def count(patterns):
    return sum(count(one.url_patterns) if isinstance(one, URLResolver) else callable(one.callback) for one in patterns)

print(json.dumps({"routes": count(get_resolver().url_patterns), "modules": sorted(sys.modules)}))
"""


def test_all_pages_load_without_the_libraries_that_only_background_work_needs(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", LOAD_ALL_PAGES], env=environment(tmp_path / "home"), stdout=subprocess.PIPE, check=True
    )
    loaded = json.loads(said.stdout)
    assert loaded["routes"] > 50
    assert "numpy" in loaded["modules"]
    assert set(HEAVY).isdisjoint(loaded["modules"])
