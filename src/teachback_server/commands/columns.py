"""Options that say which file of finished work to read, and what its columns are."""

from pathlib import Path

import click


class ColumnNames(click.ParamType[tuple[str, ...]]):
    """Column names, separated by commas."""

    name = "column,…"

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split at the commas."""
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())


file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
input_option = click.option(
    "--input",
    "input_columns",
    type=ColumnNames(),
    default=(),
    help="Columns that came in, such as --input subject,body.",
)
output_option = click.option(
    "--output", "output_columns", type=ColumnNames(), default=(), help="Columns that were handed over."
)
