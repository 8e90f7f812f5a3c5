"""People are added, sign in by links that work once, and every act of it leaves a trace."""

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from teachback_server.people.actions import (
    LINK_LASTS,
    LinkNotValid,
    MustStayActive,
    UserNameTaken,
    activate_user,
    actor_of,
    choose_password,
    deactivate_user,
    find_link,
    find_or_make_administrator,
    make_one_time_link,
    make_user,
    use_one_time_link,
)
from teachback_server.people.actor import SYSTEM, PermissionMissing
from teachback_server.people.audit import SENTENCES, Act
from teachback_server.people.models import AuditEvent, OneTimeLink, User


def test_a_link_signs_in_its_own_person_once(ann: User, bob: User) -> None:
    token = make_one_time_link(actor_of(ann), bob)
    found = find_link(token)
    assert found is not None and found.user == bob
    assert use_one_time_link(token) == bob
    assert find_link(token) is None
    with pytest.raises(LinkNotValid, match="Ask an administrator"):
        use_one_time_link(token)


def test_a_link_ends_after_its_time(bob: User) -> None:
    token = make_one_time_link(SYSTEM, bob)
    later = timezone.now() + LINK_LASTS + timedelta(seconds=1)
    assert find_link(token, at=later) is None
    with pytest.raises(LinkNotValid):
        use_one_time_link(token, at=later)


def test_a_link_of_somebody_who_left_opens_nothing(bob: User) -> None:
    token = make_one_time_link(SYSTEM, bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(LinkNotValid):
        use_one_time_link(token)


def test_the_token_of_a_link_is_not_kept(bob: User) -> None:
    token = make_one_time_link(SYSTEM, bob)
    kept = OneTimeLink.objects.values().get()
    assert token not in {str(value) for value in kept.values()}


def test_a_failed_sign_in_by_link_leaves_no_trace_of_success(bob: User) -> None:
    with pytest.raises(LinkNotValid):
        use_one_time_link("made up")
    assert not AuditEvent.objects.filter(kind=Act.SIGNED_IN).exists()


def test_only_administrators_add_people_and_make_links(bob: User) -> None:
    with pytest.raises(PermissionMissing):
        make_user(actor_of(bob), "eve")
    with pytest.raises(PermissionMissing):
        make_one_time_link(actor_of(bob), bob)
    assert not User.objects.filter(username="eve").exists()


def test_a_user_name_is_taken_whatever_its_capitals(bob: User) -> None:
    with pytest.raises(UserNameTaken, match="Choose another"):
        make_user(SYSTEM, "Bob")


def test_capitals_of_other_alphabets_do_not_make_another_name_either(db: None) -> None:
    make_user(SYSTEM, "änne")
    with pytest.raises(UserNameTaken, match="'änne' already"):
        make_user(SYSTEM, "ÄNNE")


def test_the_database_refuses_a_name_that_differs_in_capitals_alone(bob: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="BOB")


def test_the_name_of_somebody_who_left_stays_theirs(ann: User, bob: User) -> None:
    deactivate_user(actor_of(ann), bob)
    with pytest.raises(UserNameTaken, match="activate them again"):
        make_user(SYSTEM, "Bob")


def test_who_is_deactivated_loses_sessions_and_links_for_good_and_no_history(ann: User, bob: User) -> None:
    theirs, others = Client(), Client()
    theirs.force_login(bob)
    others.force_login(ann)
    token = make_one_time_link(actor_of(ann), bob)
    deactivate_user(actor_of(ann), bob)
    activate_user(actor_of(ann), bob)
    assert theirs.get("/account").status_code == 302
    assert others.get("/account").status_code == 200
    with pytest.raises(LinkNotValid):
        use_one_time_link(token)
    trail = list(AuditEvent.objects.order_by("id").values_list("actor_name", "kind", "subject"))
    assert trail[-2:] == [("ann", Act.USER_DEACTIVATED, "bob"), ("ann", Act.USER_ACTIVATED, "bob")]
    assert ("Teachback", Act.USER_MADE, "bob") in trail


def test_somebody_who_is_deactivated_cannot_sign_in_until_they_are_activated(ann: User, bob: User) -> None:
    choose_password(bob, "another four words here")
    for act, is_let_in in ((deactivate_user, False), (activate_user, True)):
        act(actor_of(ann), bob)
        found = authenticate(username="bob", password="another four words here")
        assert (found == bob) is is_let_in


def test_an_administrator_always_remains(ann: User, bob: User) -> None:
    with pytest.raises(MustStayActive, match="yourself"):
        deactivate_user(actor_of(ann), ann)
    with pytest.raises(MustStayActive, match="last administrator"):
        deactivate_user(SYSTEM, ann)
    with pytest.raises(PermissionMissing):
        deactivate_user(actor_of(bob), ann)
    assert User.objects.get(pk=ann.pk).is_active


def test_deactivating_twice_is_one_act(ann: User, bob: User) -> None:
    deactivate_user(actor_of(ann), bob)
    deactivate_user(actor_of(ann), bob)
    assert AuditEvent.objects.filter(kind=Act.USER_DEACTIVATED).count() == 1


def test_a_password_that_is_easy_to_guess_is_refused(bob: User) -> None:
    with pytest.raises(ValidationError):
        choose_password(bob, "password1234")
    with pytest.raises(ValidationError):
        make_user(SYSTEM, "carl", password="short")
    assert not User.objects.filter(username="carl").exists()


def test_the_first_start_makes_an_administrator_and_later_ones_find_them(db: None) -> None:
    first = find_or_make_administrator(SYSTEM)
    assert first.is_administrator
    assert not first.has_usable_password()
    assert find_or_make_administrator(SYSTEM) == first


def test_every_act_on_people_stands_in_the_trail(ann: User, bob: User) -> None:
    token = make_one_time_link(actor_of(ann), bob)
    use_one_time_link(token)
    choose_password(bob, "another four words here")
    trail = list(AuditEvent.objects.order_by("id").values_list("actor_name", "kind", "subject"))
    assert trail[-3:] == [
        ("ann", Act.LINK_MADE, "bob"),
        ("bob", Act.SIGNED_IN, "bob"),
        ("bob", Act.PASSWORD_CHOSEN, "bob"),
    ]


def test_every_kind_of_act_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Act)


@pytest.mark.parametrize("act", ["update", "delete"])
def test_the_database_refuses_to_rewrite_the_trail(bob: User, act: str) -> None:
    trail = AuditEvent.objects.filter(subject="bob")
    assert trail.exists()
    with pytest.raises(DatabaseError, match="rows are only ever added"), transaction.atomic():
        trail.update(subject="eve") if act == "update" else trail.delete()
