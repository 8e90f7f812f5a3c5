"""What a browser sends when a person presses a button on a boundary form, for tests without a browser."""

from django.http import QueryDict

from teachback_server.workflows.boundary_form import BoundaryForm


def sent_by_browser(form: BoundaryForm) -> QueryDict:
    """What a browser sends when a person presses Save on an open form and touches nothing."""
    post = QueryDict(mutable=True)
    forms = [form.words, form.input.text, form.output.text, *form.input.shown_rows, *form.output.shown_rows]
    for part in forms:
        for bound in part:
            value = bound.value()
            if bound.field.disabled or value is None or value is False:
                continue
            post[bound.html_name] = "on" if value is True else str(value)
    for side in (form.input, form.output):
        post[f"{side.side}-count"] = str(side.count)
    return post
