"""Which table lives in which database: what grows with the traffic gets a file, and a write lock, apart."""

from typing import Any

from django.db.models import Model

from teachback_server.jobs.trace_store import TRACES

TABLES_OF_TRACES = frozenset(  # of the jobs room, by the model's name
    {"step", "tracerequest", "quarantinedspan", "intaketally", "roottocome", "spanfeedback"}
)


class TracesApart:
    """Sends the tables of traces to the database of that name and everything else to the state database."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return TRACES if _is_of_traces(model._meta.app_label, model._meta.model_name) else None

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return self.db_for_read(model)

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        is_of_traces = _is_of_traces(app_label, model_name)
        if db == TRACES:
            return is_of_traces
        return False if is_of_traces else None


def _is_of_traces(app_label: str, model_name: str | None) -> bool:
    return app_label == "jobs" and model_name in TABLES_OF_TRACES
