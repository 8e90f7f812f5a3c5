"""Writes dev.lock anew: asks pip which versions satisfy pyproject.toml now, without installing any of them."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements" / "dev.lock"


def main() -> None:
    """Resolve and write."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *(wanted for extra in project["project"]["optional-dependencies"].values() for wanted in extra),
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    ask = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    report = json.loads(subprocess.run([*ask, *wanted], check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603
    found = sorted(f"{row['metadata']['name'].lower()}=={row['metadata']['version']}" for row in report["install"])
    heading = LOCK.read_text(encoding="utf-8").splitlines()[0]
    LOCK.write_text("\n".join([heading, *found]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
