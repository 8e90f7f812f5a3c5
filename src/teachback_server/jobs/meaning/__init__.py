"""What the spans of each instrumentation mean: pure tables and readers that know neither web nor database."""

from teachback_server.jobs.meaning.feedback import list_feedback
from teachback_server.jobs.meaning.job_content import names_of_workflow, read_job
from teachback_server.jobs.meaning.step_content import read_content
from teachback_server.jobs.meaning.step_facts import read_facts

__all__ = ["list_feedback", "names_of_workflow", "read_content", "read_facts", "read_job"]
