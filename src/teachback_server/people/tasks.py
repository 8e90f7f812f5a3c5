"""Background work about people: mails that nobody waits for."""

from django.utils.module_loading import import_string
from django_tasks import task


@task()
def mail_password_link_now(user_id: int) -> None:
    """Mail somebody a link to choose a new password by; nothing happens where there is nobody."""
    # By its name, because what is said there is done by way of this task.
    import_string("teachback_server.people.forgotten.mail_password_link")(user_id)
