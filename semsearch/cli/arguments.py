"""Global options, the help page, and finding out which command is meant.

Only the parser of the command in question is built: a full tree of subparsers costs more than a
keyword search takes.
"""

from __future__ import annotations

import os

from semsearch.cli.context import write_out
from semsearch.cli.registry import BY_NAME, COMMANDS
from semsearch.cli.untranslated import argparse
from semsearch.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final, NoReturn

    from _typeshed import SupportsWrite

    from semsearch.cli.registry import Command

_ESCAPE: Final = "\0"
"""Keeps argparse from taking a word for an option; no argument of a process can hold it."""

_WITH_VALUE: Final = frozenset({"--index", "--config", "--color"})

EXIT_CODES: Final = """\
exit status:
  0 done, or hits found         1 no hits
  2 usage, settings, no such path or model
  3 files, disk or memory failed; what was committed is kept
  4 key, consent or credit      5 index busy
  6 index damaged               7 index from a newer version
  8 API or network failed      70 a bug of ours           130 interrupted, work kept"""

ENVIRONMENT: Final = """\
environment:
  OPENROUTER_API_KEY     key, sent to openrouter.ai hosts and to loopback only
  SEMSEARCH_API_KEY      key for any other SEMSEARCH_BASE_URL
  SEMSEARCH_BASE_URL     embeddings server (default https://openrouter.ai/api/v1)
  SEMSEARCH_MODEL        embedding model; `local` is the embedded one
  SEMSEARCH_INDEX        index file      SEMSEARCH_CONFIG  settings file
  SEMSEARCH_OFFLINE      1: never use the network
  SEMSEARCH_<NAME>       any other setting, see `semsearch config list`
  NO_COLOR               no colour"""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps examples as they are written.

    argparse makes a formatter for every argument that is declared; its own way to find the width
    imports `shutil`, and with it two compression libraries.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 100


class Parser(argparse.ArgumentParser):
    """Raises `UsageError` where argparse would exit, so that `--json` can answer in kind."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - argparse's own
        super().__init__(**{"formatter_class": Formatter, "allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Turn a parse error into ours.

        Raises:
            UsageError: always.
        """
        message = message.replace(_ESCAPE, "").replace(repr(_ESCAPE)[1:-1], "")
        raise UsageError(
            f"{message[:1].upper()}{message[1:]}.",
            hint=f"`{self.prog} --help` shows what it takes.",
        )

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """As argparse does, but a help that cannot be written is told."""
        if file is None:
            write_out(self.format_help())
        else:
            file.write(self.format_help())

    def parse_words(self, words: Sequence[str]) -> argparse.Namespace:
        """Options and arguments in any order; everything after `--` is an argument.

        argparse forgets about `--` where it takes them in any order, and reads a negative number as
        an option because of `-0`.

        Raises:
            UsageError: they are not what the command takes.
        """
        options, others = _divided(words)
        joined = self._with_negative_numbers(options)
        escaped = [_ESCAPE + word if word.startswith("-") else word for word in others]
        arguments = self.parse_intermixed_args([*joined, *escaped])
        for name, value in vars(arguments).items():
            if isinstance(value, list):
                setattr(arguments, name, [word.removeprefix(_ESCAPE) for word in value])
            elif isinstance(value, str):
                setattr(arguments, name, value.removeprefix(_ESCAPE))
        return arguments

    def _with_negative_numbers(self, words: Sequence[str]) -> list[str]:
        """Options with the negative number that follows them, in one word."""
        joined: list[str] = []
        for word in words:
            option = self._option_string_actions.get(joined[-1]) if joined else None
            takes_one = option is not None and option.nargs is None
            if takes_one and word[:1] == "-" and word[1:2].isdecimal():
                joined[-1] += f"={word}" if joined[-1].startswith("--") else word
            else:
                joined.append(word)
        return joined


def path_text(text: str) -> str:
    """A path argument; an empty one, of a variable that is not set, would mean the current folder.

    Raises:
        argparse.ArgumentTypeError: it is empty.
    """
    if not text:
        raise argparse.ArgumentTypeError("the path is empty; the current folder is `.`")
    return text


def _divided(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """What stands before the first `--`, and what after it."""
    at = list(words).index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


class Manner:
    """How to answer: as far as it can be told before the arguments are parsed, then as they say."""

    __slots__ = ("command", "json", "verbose")

    def __init__(self, words: Sequence[str]) -> None:
        options, _ = _divided(words)
        self.command = ""
        self.json = "--json" in options
        self.verbose = any(
            word == "--verbose" or ("v" in word and word.strip("qv") == "-") for word in options
        )

    def settle(self, arguments: argparse.Namespace) -> None:
        """The arguments are parsed."""
        self.json, self.verbose = arguments.json, arguments.verbose


def split_command(argv: Sequence[str]) -> tuple[str | None, list[str]]:
    """The command's name and the arguments without it; None when no command is given."""
    skip = False
    for index, argument in enumerate(argv):
        if skip:
            skip = False
        elif argument in _WITH_VALUE:
            skip = True
        elif not argument.startswith("-"):
            return argument, [*argv[:index], *argv[index + 1 :]]
    return None, list(argv)


def find_command(name: str) -> Command:
    """The command with this name.

    Raises:
        UsageError: there is none; the hint names the nearest.
    """
    command = BY_NAME.get(name)
    if command is None:
        import difflib

        near = difflib.get_close_matches(name, BY_NAME, n=1)
        raise UsageError(
            f"There is no command {name!a}.",
            hint=f"Did you mean `semsearch {near[0]}`?"
            if near
            else f"To search for it: semsearch search {name!a}",
            code="usage.command",
        )
    return command


def parse(command: Command, words: Sequence[str]) -> argparse.Namespace:
    """The arguments of a command.

    Raises:
        UsageError: they are not what it takes.
    """
    try:
        return command_parser(command).parse_words(words)
    except UsageError as error:
        left_out = next((word for word in _divided(words)[0] if _is_like_exclusion(word)), None)
        if left_out is None or "QUERY" not in command.takes:
            raise
        raise UsageError(
            error.message,
            hint=f"To leave a word out, quote the query, or put `--` before {left_out!a}.",
        ) from error


def _is_like_exclusion(word: str) -> bool:
    """Whether it may be meant as a word that hits must not hold."""
    begins = len(word) > 2 and word[0] == "-" and (word[1].isalpha() or word[1] in '"\u201c')
    return begins and word.strip("-qv") != ""


def command_parser(command: Command) -> Parser:
    """The parser of one command, global options included."""
    parser = Parser(
        prog=f"semsearch {command.name}",
        # Given, because argparse would format one for every parse of mixed arguments.
        usage=f"semsearch {command.name} {command.takes} [options]".replace("  ", " "),
        description=command.summary[:1].upper() + command.summary[1:] + ".",
        epilog=_examples(command),
        parents=[global_options()],
    )
    command.load().add_arguments(parser)
    return parser


def global_options() -> Parser:
    """The options every command takes, before or after its name."""
    parser = Parser(add_help=False)
    group = parser.add_argument_group("global options")
    group.add_argument("--json", action="store_true", help="one JSON object on standard output")
    group.add_argument("--yes", action="store_true", help="agree to what would be asked")
    group.add_argument("--index", type=path_text, metavar="PATH", help="the index file")
    group.add_argument("--config", type=path_text, metavar="PATH", help="the settings file")
    group.add_argument("--offline", action="store_true", help="never use the network")
    group.add_argument(
        "--color", choices=("auto", "always", "never"), help="colour (default: auto)"
    )
    group.add_argument("-q", "--quiet", action="store_true", help="no progress, no notices")
    group.add_argument("-v", "--verbose", action="store_true", help="say more")
    return parser


def full_parser() -> Parser:
    """Every command in one tree, for completion scripts and for tests of the documentation."""
    parser = Parser(prog="semsearch", parents=[global_options()])
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", parser_class=Parser)
    for command in COMMANDS:
        child = commands.add_parser(command.name, help=command.summary, parents=[global_options()])
        command.load().add_arguments(child)
    return parser


def help_text() -> str:
    """The page `semsearch --help` prints; no command module is imported for it."""
    import textwrap

    width = max(len(command.name) for command in COMMANDS)
    room, indent = max(40, _columns() - 2), " " * (width + 4)
    commands = "\n".join(
        textwrap.fill(
            f"  {command.name:<{width}}  {command.summary}", room, subsequent_indent=indent
        )
        for command in COMMANDS
    )
    options = global_options().format_help().split("global options:\n", 1)[1].rstrip()
    return f"""\
semsearch finds what you meant, in your own files.

start here:
  semsearch index ~/notes                   index a folder (again: only what changed)
  semsearch search "why was the loaf dense" ask

usage: semsearch COMMAND [options]          `semsearch COMMAND --help` for one command

commands:
{commands}

global options:
{options}
  --version             print the version

{ENVIRONMENT}

{EXIT_CODES}
"""


def _examples(command: Command) -> str | None:
    if not command.examples:
        return None
    return "examples:\n" + "\n".join(f"  {example}" for example in command.examples)
