from django.db import migrations, models

from core.schema import AddIndexInUse, PrefixIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0012_fewer_indexes")]

    operations = [
        AddIndexInUse(model_name="user", index=PrefixIndex("email", name="user_email_prefix")),
        AddIndexInUse(model_name="user", index=PrefixIndex("name", name="user_name_prefix")),
        AddIndexInUse(model_name="user", index=models.Index(fields=["role", "id"], name="user_role")),
        AddIndexInUse(
            model_name="user",
            index=models.Index(condition=models.Q(("is_superuser", True)), fields=["id"], name="user_superusers"),
        ),
    ]
