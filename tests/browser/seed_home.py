"""Fills a fresh data folder with the house of `builders` and a few jobs; run by the browser fixtures."""

import django

django.setup()

from builders import accept, correct, make_house, record_jobs  # noqa: E402 — tables need django.setup first
from teachback_server.jobs.attachments import keep_attachment  # noqa: E402
from teachback_server.jobs.models import Job  # noqa: E402
from teachback_server.people.actions import choose_password, make_user  # noqa: E402
from teachback_server.people.actor import SYSTEM  # noqa: E402
from teachback_server.reviews.skills import add_skill  # noqa: E402

PASSWORD = "four words in a row"

house = make_house()
for person in (house.alice, house.bob, house.charlie):
    choose_password(person, PASSWORD)
make_user(SYSTEM, "ada", password=PASSWORD, is_administrator=True)
decided = record_jobs(house.workflow, [{"queue": "billing"}] * 6 + [{"queue": "delivery"}, None])
accept(house.reviewer, decided[:5])
correct(house.reviewer, decided[5:7], {"queue": "returns"})
waiting = record_jobs(house.workflow, [{"queue": "billing", "order_number": "A20"}] * 5 + [None], first_id=20)
keep_attachment(house.owner, waiting[0], "mail.txt", b"The order A20 was billed twice.")
place = {"document": "mail.txt", "text": "order A20"}
Job.objects.filter(pk=waiting[0].pk).update(provenance={"order_number": place, "queue": "the second line"})
add_skill(house.owner, house.workflow, label="Reads French", field="text", value="Bonjour", holders=[house.bob])
add_skill(house.owner, house.workflow, label="Contracts", field="text", value="See the contract.")
