"""Which table lives in which database: step facts grow with the traffic and get a file, and a write lock, apart."""

from typing import Any

from django.db.models import Model

TRACES = "traces"


class TracesApart:
    """Sends `jobs.Step` to the traces database and everything else to the state database."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return TRACES if model._meta.label == "jobs.Step" else None

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return self.db_for_read(model)

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        is_step = app_label == "jobs" and model_name == "step"
        if db == TRACES:
            return is_step
        return False if is_step else None
