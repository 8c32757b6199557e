"""The ``lungtox`` command. Each command's module is imported only when that command is called."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from lungtox.errors import LungtoxError, ParameterError

if TYPE_CHECKING:
    from typer._click.core import Command, Context

COMMANDS = ("demo", "index", "names", "check", "dvh", "read-dvh", "ntcp", "models", "elisa", "printed", "study")
RESEARCH_USE = "Research use, not for treatment decisions."


def _module_of(command: str) -> str:
    return f"lungtox.commands.{command.replace('-', '_')}"


class LazyCommands(TyperGroup):
    """A group that finds its commands as modules of ``lungtox.commands``."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Give the command names, in the order in which help lists them."""
        return [name for name in COMMANDS if importlib.util.find_spec(_module_of(name))]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Import the module of a command and build the command; None for an unknown name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        if cmd_name not in self.commands:
            module = importlib.import_module(_module_of(cmd_name))
            single = typer.Typer(add_completion=False)
            single.command(name=cmd_name)(getattr(module, cmd_name.replace("-", "_")))
            self.commands[cmd_name] = typer.main.get_command(single)
        return self.commands[cmd_name]


app = typer.Typer(
    cls=LazyCommands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=f"Radiation pneumonitis risk analysis from radiotherapy DICOM. {RESEARCH_USE}",
)


@app.callback()
def _lungtox() -> None:
    """Keep ``lungtox`` a group of commands."""


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; exit status 0 done, 1 input that cannot be used, 2 wrong usage."""
    try:
        return app(args=arguments, prog_name="lungtox")
    except ParameterError as error:
        print(f"lungtox: {error}", file=sys.stderr)
        sys.exit(2)
    except LungtoxError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
