"""The entry of the processes that `up` starts: `python -m teachback_server.commands.child ACT [ARGUMENT…]`."""

import os
import sys
from pathlib import Path

import click

from teachback_server.commands.one_heap import use_one_heap
from teachback_server.commands.options import load_act

if __name__ == "__main__":
    use_one_heap()
    try:
        load_act(Path(os.environ["TEACHBACK_HOME"]), sys.argv[1]).run(*sys.argv[2:])
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
