"""The options of all recipes on one command: declared where each recipe is, grouped in the help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from converters.recipes import Option, Recipe

__all__ = ["RecipeCommand", "options_of"]

#: Other spellings that people try.
_ALSO = {"ticks": ("-T", "--steps")}


class RecipeCommand(click.Command):
    """A command with ``--recipe``, and the options that the recipes declare."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own, then those of the recipes, each once."""
        return [*super().get_params(ctx), *_declared().values()]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options, then a section for each recipe."""
        options = [p for p in super().get_params(ctx) if isinstance(p, click.Option)]
        own = [option.get_help_record(ctx) for option in options]
        with formatter.section("Options"):
            formatter.write_dl([record for record in own if record is not None])
        for recipe in _recipes().values():
            with formatter.section(f"Recipe {recipe.name}"):
                formatter.write_text(recipe.summary)
                rows = [_click_option(option).get_help_record(ctx) for option in recipe.options]
                formatter.write_dl([row for row in rows if row is not None])


def options_of(recipe: Recipe, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of ``recipe`` among those given; None is one that was not.

    Raises:
        click.UsageError: an option that another recipe has, or one that is missing.
    """
    named = {name: value for name, value in given.items() if value is not None}
    known = {option.name for option in recipe.options}
    for option in recipe.options:
        if option.required and option.name not in named:
            raise click.UsageError(
                f"Missing option '{_flag(option.name)}': recipe {recipe.name} needs it"
            )
    for name in named:
        if name not in known:
            others = [r.name for r in _recipes().values() if name in {o.name for o in r.options}]
            raise click.UsageError(
                f"recipe {recipe.name} has no {_flag(name)}; leave it out, or use --recipe "
                f"{' or '.join(others)}"
            )
    return named


def _recipes() -> Mapping[str, Recipe]:
    from converters.recipes import RECIPES

    return RECIPES


def _declared() -> dict[str, click.Option]:
    """By name; recipes share an option of one name."""
    found: dict[str, click.Option] = {}
    for recipe in _recipes().values():
        for option in recipe.options:
            found.setdefault(option.name, _click_option(option))
    return found


def _click_option(option: Option) -> click.Option:
    names = [_flag(option.name), *_ALSO.get(option.name, ())]
    if option.kind == "bool":
        names = [f"{_flag(option.name)}/--no-{option.name.replace('_', '-')}"]
    return click.Option(
        [*names, option.name],
        type=_type(option),
        default=None,
        help=option.help,
        metavar=option.metavar,
    )


def _type(option: Option) -> Any:
    match option.kind:
        case "int":
            low, high = (None if v is None else int(v) for v in (option.least, option.most))
            return click.IntRange(low, high)
        case "float":
            return click.FloatRange(option.least, option.most, min_open=True)
        case "choice":
            return click.Choice(option.choices)
        case "bool":
            return bool
        case "text":
            return _Parsed(option)


class _Parsed(click.ParamType[Any]):
    """Text that the option itself reads."""

    def __init__(self, option: Option) -> None:
        self.name = option.metavar or "text"
        self._option = option

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """What the option makes of the text."""
        assert self._option.parse is not None
        try:
            return self._option.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
