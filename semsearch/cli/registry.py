"""Which commands there are. A command's module is imported only when it is the one asked for."""

from __future__ import annotations

import importlib

from semsearch.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any, Final, Protocol

    from semsearch.cli.context import Context

    class CommandModule(Protocol):
        """What a module in `cli/` named after its command offers."""

        def add_arguments(self, parser: argparse.ArgumentParser) -> None:
            """Declare the command's own arguments."""

        def run(self, arguments: argparse.Namespace, context: Context) -> int:
            """Do it; returns the exit status."""


class Command(Record):
    """A line of the help."""

    name: str
    summary: str
    examples: tuple[str, ...] = ()
    takes: str = ""
    """What follows the name, for the usage line."""
    lasting: bool = True
    """Whether it may hold locks or have work to keep when it is told to end."""
    tolerant: bool = False
    """Whether it helps to mend settings, and so runs with those that are wrong left out."""

    def load(self) -> CommandModule:
        """Import the module that carries the command out."""
        module: Any = importlib.import_module(f"semsearch.cli.{self.name}")
        loaded: CommandModule = module
        return loaded


COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        "quickstart",
        "install the embedded model, index the sample folder, answer a question",
        examples=("semsearch quickstart",),
        takes="[QUESTION…]",
    ),
    Command(
        "index",
        "bring the index up to date; a new PATH becomes part of it",
        examples=("semsearch index ~/notes", "semsearch index --dry-run", "semsearch index"),
        takes="[PATH…]",
    ),
    Command(
        "search",
        "find passages by meaning and by words",
        examples=(
            'semsearch search "why did the import slow down"',
            "semsearch search retry policy --in ~/work --type md,py",
            "semsearch search '\"exact phrase\" -draft after:2024-06' --json",
        ),
        takes="QUERY…",
        lasting=False,
    ),
    Command(
        "similar",
        "passages like that one; nothing is sent",
        examples=("semsearch similar ~/notes/coffee.md:12",),
        takes="PATH[:LINE]",
        lasting=False,
    ),
    Command(
        "models",
        "list models, compare, build, switch, drop; install the embedded one",
        examples=(
            "semsearch models list",
            'semsearch models compare qwen/qwen3-embedding-8b "why was the loaf dense"',
            "semsearch models build qwen/qwen3-embedding-8b --max-cost 0.50 --use",
            "semsearch models use openai/text-embedding-3-small",
        ),
        takes="[list | compare M QUERY… | build M | use M | drop M | check [M] | adopt M | "
        "refresh | install]",
    ),
    Command(
        "eval",
        "how good are searches of these files, by mode and by model",
        examples=(
            "semsearch eval",
            "semsearch eval ~/judged --modes hybrid,lexical",
            "semsearch eval --queries queries.tsv --qrels qrels.tsv --json",
        ),
        takes="[FOLDER]",
    ),
    Command(
        "status",
        "what is indexed, by which model, how fresh, what it cost; of a PATH: what is left out",
        examples=("semsearch status", "semsearch status ~/notes"),
        takes="[PATH…]",
    ),
    Command(
        "check",
        "is the index whole: structure, texts, vectors, keyword tables; changes nothing",
    ),
    Command(
        "repair",
        "mend the index from what is stored; what would cost is shown and asked about",
        examples=("semsearch repair --dry-run", "semsearch repair"),
    ),
    Command(
        "sent",
        "what left this machine, when, to which host, at what cost",
        examples=("semsearch sent", "semsearch sent ~/notes/retro.md"),
        takes="[PATH]",
    ),
    Command(
        "forget",
        "remove a file or folder from the index, with every trace of its text",
        examples=("semsearch forget ~/notes/diary",),
        takes="PATH…",
    ),
    Command(
        "key",
        "the API key: set, status, forget",
        examples=("semsearch key set",),
        takes="[status | set | forget]",
    ),
    Command(
        "config",
        "settings: list, get, set, unset, path",
        examples=("semsearch config list --show-origin", "semsearch config set search.limit 20"),
        takes="[list | get NAME | set NAME VALUE | unset NAME | path]",
        tolerant=True,
    ),
    Command(
        "doctor",
        "check Python, SQLite, the extension, the model, the key and permissions",
        tolerant=True,
    ),
    Command(
        "completion",
        "print a completion script for a shell",
        examples=(
            "semsearch completion bash > ~/.local/share/bash-completion/completions/semsearch",
        ),
        takes="SHELL",
    ),
)

BY_NAME: Final = {command.name: command for command in COMMANDS}
