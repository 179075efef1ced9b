"""The answer of `GET /insights/{region}/{figure}`."""

from typing import Any

from rest_framework import serializers

from insights.pages.tables import Unit


class ColumnSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    unit = serializers.ChoiceField(choices=[unit.value for unit in Unit])

    class Meta:
        ref_name = "FigureColumn"


class FigureSerializer(serializers.Serializer[Any]):
    """A figure as a table. A cell without a figure is null: hidden, or not known."""

    figure = serializers.CharField()
    region = serializers.CharField()
    firstDay = serializers.DateField()
    lastDay = serializers.DateField()
    requestType = serializers.CharField(allow_null=True)
    columns = ColumnSerializer(many=True)
    rows = serializers.ListField(
        child=serializers.ListField(child=serializers.JSONField(allow_null=True)),
        help_text="Cells in the order of the columns.",
    )
    hidden = serializers.IntegerField(help_text="Figures, rows or cells of the map about fewer than five people.")

    class Meta:
        ref_name = "Figure"
