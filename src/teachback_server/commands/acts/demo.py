"""Sends the sample desk through the loop and says in words what it learned."""

from teachback_server.backtest.demo import run_demo
from teachback_server.backtest.queries import get_figures
from teachback_server.commands.acts.backtest import tell
from teachback_server.commands.acts.prepare import bring_tables_up_to_date
from teachback_server.commands.acts.progress import messages, watch_jobs
from teachback_server.people.actions import actor_of, find_or_make_administrator
from teachback_server.people.actor import SYSTEM


def run() -> None:
    """Run the demo; a second time it only tells the story again."""
    bring_tables_up_to_date()
    messages.print("A sample support desk goes through the loop (messages that we wrote ourselves).")
    with watch_jobs() as on_progress:
        finished = run_demo(actor_of(find_or_make_administrator(SYSTEM)), on_progress)
    messages.print("")
    tell(finished, get_figures(finished))
    messages.print(f"\n{finished.workflow.jobs.filter(is_waiting=True).count()} new messages wait for your decision.")
