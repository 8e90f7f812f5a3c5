from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_first_tables")]
    operations = [migrations.AddField("reason", "is_offered", models.BooleanField(default=True))]
