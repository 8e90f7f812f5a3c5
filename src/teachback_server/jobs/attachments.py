"""Documents of jobs: kept once by their content as files of the data folder, and found again by job and name."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from teachback_server.jobs.document_kinds import find_media_type
from teachback_server.jobs.models import Attachment, Job
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.turns import take_turn

LARGEST_BYTES = 20 * 1024 * 1024
MOST_OF_A_JOB = 20
_LONGEST_NAME = 200


class AttachmentRefused(ValueError):
    """A document cannot be kept. The message says why, and what to do."""


def keep_attachment(actor: Actor, job: Job, name: str, data: bytes) -> Attachment:
    """Keep a document of a job; the same once more changes nothing. Raises AttachmentRefused."""
    require_role(actor, job.workflow_id, Role.EDITOR)
    media_type = _check(name, data)
    digest = hashlib.sha256(data).hexdigest()
    _write(_path(digest), data)
    with transaction.atomic():
        take_turn(job.workflow_id)
        known = job.attachments.filter(name=name).first()
        if known is not None:
            if known.sha256 != digest:
                raise AttachmentRefused(f"Another document of job {job.number} has the name '{name}'. Give it its own.")
            return known
        if job.attachments.count() >= MOST_OF_A_JOB:
            raise AttachmentRefused(f"A job has {MOST_OF_A_JOB} documents at the most. Put several into one PDF.")
        attachment = Attachment.objects.create(
            job=job, name=name, media_type=media_type, sha256=digest, size_bytes=len(data), at=timezone.now()
        )
        record_act(actor, Act.DOCUMENT_ATTACHED, f"{name} to job {job.number}", workflow_id=job.workflow_id)
    return attachment


def list_attachments(job: Job) -> Sequence[Attachment]:
    """The documents of a job, in the order in which they came."""
    return list(job.attachments.order_by("pk"))


def find_attachment(job: Job, attachment_id: int) -> Attachment | None:
    """One of a job's documents."""
    return job.attachments.filter(pk=attachment_id).first()


def find_file(attachment: Attachment) -> Path | None:
    """The file with its bytes; None where the folder was not brought along."""
    path = _path(attachment.sha256)
    return path if path.exists() else None


def _check(name: str, data: bytes) -> str:
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise AttachmentRefused(f"Give the document a name of 1 to {_LONGEST_NAME} letters in one line.")
    if not data:
        raise AttachmentRefused("The document is empty. Send its bytes.")
    if len(data) > LARGEST_BYTES:
        raise AttachmentRefused(
            f"The document is larger than {LARGEST_BYTES // 1024**2} MB. Send the pages that count."
        )
    media_type = find_media_type(data)
    if media_type is None:
        raise AttachmentRefused("A document is a PDF, a PNG, JPEG, GIF or WebP image, or a text in UTF-8. Convert it.")
    return media_type


def _path(digest: str) -> Path:
    folder: Path = settings.ATTACHMENTS_FOLDER
    return folder / digest[:2] / digest


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, whatever happens in the middle; before the row that names it."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
