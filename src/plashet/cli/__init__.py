"""The command line: one file per command, loaded only when it is called, so that `plashet --help` is instant."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import click

from .. import __version__
from . import faults

COMMANDS = {
    "demo": "See it work on data it carries: a forecast, spikes, or sounds.",
    "forecast": "Forecast your own table, beside what naive methods get.",
    "classify": "Learn to tell sounds apart: a folder of sounds in, a model and a report out.",
    "predict": "Say what is heard in sound files, with a model from classify.",
    "listen": "Hear continuous sound, and say what is heard and when.",
    "watch": "Follow a stream: a line in, a forecast out, learning on.",
    "inspect": "Say what is in a model file.",
    "export": "Write a trained net as a C header or an ONNX model.",
    "data": "List and show the data sets that plashet carries.",
    "doctor": "Say what is installed, and what to do about the rest.",
}


class Commands(click.Group):
    """A group that knows its commands by name and loads one only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list under `plashet --help`, without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; a name that is not there is answered with the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise faults.UsageFault(
                f"there is no command {args[0]!r}", faults.nearest(args[0], COMMANDS, "plashet {}", "plashet --help")
            )
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="plashet %(version)s")
def commands() -> None:
    """Learn from streams with liquid neural networks, as time passes.

    Begin with `plashet demo`. Every command takes --json (for machines), --quiet, --no-progress and --debug.
    Colour is off where NO_COLOR is set.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; every error is a message on stderr."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = commands.main(given, prog_name="plashet", standalone_mode=False)
    except BaseException as error:
        return faults.answer(error, debug="--debug" in given)
    return code if isinstance(code, int) else 0


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: `run`, then leave with its code."""
    sys.exit(run(arguments))
