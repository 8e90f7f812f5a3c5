"""Keeps with a wish for mails why the last try to send one failed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reviews", "0009_more_than_one_person")]

    operations = [
        migrations.AddField("mailwish", "problem", models.CharField(blank=True, default="", max_length=300), False),
    ]
