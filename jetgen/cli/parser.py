"""From an option dataclass to a parser, and from words to a validated dataclass."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from argparse import SUPPRESS
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import jsonargparse

from jetgen.cli.help import COMMON, HelpFormatter, groups, usage
from jetgen.cli.plugins import PLUGIN, PLUGIN_HELP, allow_typed, component_help, without_plugins
from jetgen.cli.translation import to_command_line
from jetgen.config.option import components_in, mark_given, named_values, option_types
from jetgen.configs import shipped
from jetgen.errors import InputError, did_you_mean
from jetgen.files.option_files import read_yaml
from jetgen.files.versions import CONFIG_FORMAT, VERSION_KEY, check_version
from jetgen.registry import is_path

C = TypeVar("C")

CONFIG, PRESET = "--config", "--preset"


def comma_separated(text: Any) -> tuple[str, ...]:
    """``"mass,pt"`` (or a YAML list) as a tuple of names; empty text is no names."""
    if isinstance(text, str):
        text = [part.strip() for part in text.split(",")]
    return tuple(str(part) for part in text if part != "")


def comma_separated_pairs(text: Any) -> dict[str, str]:
    """``"px=part_px,py=part_py"`` (or a YAML mapping) as a mapping; empty text is none."""
    if isinstance(text, Mapping):
        return {str(name): str(value) for name, value in text.items()}
    return named_values("NAME=VALUE,...", comma_separated(text))


def gather_repeated(words: Sequence[str], flags: Sequence[str]) -> list[str]:
    """The words with every repetition of one of ``flags`` merged into its last occurrence.

    >>> gather_repeated(["--data", "a", "--jets", "5", "--data", "b"], ["--data"])
    ['--jets', '5', '--data', 'a', 'b']
    """
    rest: list[str] = []
    gathered: dict[str, list[str]] = {}
    current = rest
    for word in words:
        flag, equals, value = word.partition("=")
        if flag in flags:
            current = gathered.setdefault(flag, [])
            current += [value] if equals else []
        else:
            current = rest if word.startswith("--") else current
            current.append(word)
    return rest + [word for flag, values in gathered.items() for word in (flag, *values)]


def options_from_files_first(words: Sequence[str], lists: Sequence[str]) -> list[str]:
    """The words with option files before everything else, so that flags win; presets are files.

    Raises:
        InputError: when a file is missing, no YAML, or has a mapping for one of the flags
            ``lists``.
    """
    presets: list[str] = []
    files: list[str] = []
    rest: list[str] = []
    left = iter(words)
    for word in left:
        flag, equals, value = word.partition("=")
        if flag not in (CONFIG, PRESET):
            rest.append(word)
        elif not equals and (value := next(left, "")) == "":
            raise InputError(
                f"{flag}: expected a {'file' if flag == CONFIG else 'name'}, found none"
            )
        elif flag == CONFIG:
            content = read_yaml(value)  # refuses what the parser could not cope with
            for name in [flag.removeprefix("--").replace("-", "_") for flag in lists]:
                if isinstance(content, dict) and isinstance(content.get(name), dict):
                    raise InputError(f"{value}: {name}: expected a list, received a mapping")
            files += [CONFIG, value]
        else:
            presets += [CONFIG, str(shipped("presets", value))]
    return presets + files + rest


def build_parser(
    command: str, description: str, config: type, *, explain: bool = False, epilog: str = ""
) -> jsonargparse.ArgumentParser:
    """The parser of one command, generated from its option dataclass.

    Args:
        command: the name of the command.
        description: what it does.
        config: the dataclass of its options.
        explain: whether the help texts name all components, those of other packages too.
        epilog: the last lines of the help.
    """
    parser = jsonargparse.ArgumentParser(
        prog=f"jetgen {command}",
        usage=usage(command, config),
        description=description,
        epilog=epilog,
        formatter_class=HelpFormatter,
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument(
        CONFIG, action="config", help="YAML file with any of these options; flags win"
    )
    if command == "train":
        parser.add_argument(
            PRESET,
            metavar="NAME",
            help="options that come with jetgen (`jetgen presets` lists them); files and flags win",
        )
    # the version of a file that is reused as --config
    parser.add_argument(f"--{VERSION_KEY}", type=int, default=CONFIG_FORMAT, help=SUPPRESS)
    parser.add_argument(PLUGIN, action="append", metavar="MODULE", help=PLUGIN_HELP)
    hints = option_types(config)
    for title, fields in groups(config).items():
        group = parser if title == COMMON else parser.add_argument_group(title)
        for field in fields:
            help = to_command_line(field.metadata["help"], config)
            if explain:
                help += component_help(field, config)
            _add(group, field, hints[field.name], help)
    return parser


def parse(
    command: str, description: str, config: type[C], words: Sequence[str], epilog: str = ""
) -> C:
    """Parse the words after the command's name; ``epilog`` ends the help.

    Raises:
        InputError: for an unknown option, a value of the wrong type, or a missing argument.
        SystemExit: after ``--help``.
    """
    words = without_plugins(words)
    allow_typed(config, words)
    parser = build_parser(
        command, description, config, explain=not {"-h", "--help"}.isdisjoint(words), epilog=epilog
    )
    hints = option_types(config)
    repeatable = [
        "--" + name.replace("_", "-") for name, hint in hints.items() if hint == list[str]
    ]
    words = options_from_files_first(
        gather_repeated(_unaliased(words, config), repeatable), repeatable
    )
    try:
        namespace = parser.parse_args(words, defaults=False)
    except Exception as error:  # of odd values in files, the parser raises any
        plain = _wrong_number(str(error), hints) or _missing(command, str(error), config)
        if plain is not None:
            raise InputError(plain) from error
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        unknown = re.search(r"(?:unrecognized arguments:|Key) '?(--)?([\w-]+)", " ".join(lines))
        near = _near(unknown[2], config) if unknown else ""
        raise InputError(
            f"jetgen {command}: {' '.join(lines)}{near}; `jetgen {command} --help` lists the "
            "options"
        ) from error
    if namespace.get("preset") is not None:
        raise InputError(
            f"{PRESET}: expected on the command line, received {namespace['preset']!r} in a file "
            "of options; name its file by `config:` there"
        )
    check_version("config", namespace.get(VERSION_KEY, CONFIG_FORMAT), CONFIG_FORMAT)
    if namespace.get("plugin") is not None:
        raise InputError("--plugin: expected on the command line only, received in a YAML file")
    names = [field.name for field in dataclasses.fields(config)]  # type: ignore[arg-type]
    given = {name: namespace[name] for name in names if name in namespace}
    for _, registry, component in components_in(config, given):
        if is_path(component):  # from a YAML file, unless it was typed
            registry.require_known(component, "--config")
    made = config(**given)
    mark_given(made, given)
    return made


def _near(name: str, config: type) -> str:
    """What a message about an unknown option adds: nearly the same ones, and how to type it."""
    fields = dataclasses.fields(config)
    if any(field.name == name and field.metadata["positional"] for field in fields):
        return f"; {name} is given without --{name}"
    flags = (f for f in fields if not f.metadata["positional"])
    return did_you_mean(f"--{name}", ["--" + field.name.replace("_", "-") for field in flags])


def _unaliased(words: Sequence[str], config: type) -> list[str]:
    """The words with the flags of fields in place of their aliases."""
    flags = {
        f"--{field.metadata['alias']}": "--" + field.name.replace("_", "-")
        for field in dataclasses.fields(config)
        if field.metadata["alias"] is not None
    }
    parts = [word.partition("=") for word in words]
    return [flags.get(name, name) + equals + value for name, equals, value in parts]


_NUMBERS = {int: "a whole number", float: "a number"}


def _wrong_number(text: str, hints: Mapping[str, Any]) -> str | None:
    """The message for a value that is not the number that an option takes, or None."""
    found = re.search(r'Parser key "(\w+)":.*?(?:Given|Got) value: (.*)', text, re.DOTALL)
    hint = hints.get(found[1]) if found else None
    kinds = set(typing.get_args(hint) or (hint,)) - {types.NoneType}
    if found is None or len(kinds) != 1 or not kinds <= set(_NUMBERS):
        return None
    flag = "--" + found[1].replace("_", "-")
    return f"{flag}: expected {_NUMBERS[kinds.pop()]}, received {found[2].strip()}"


_MISSING = "the following arguments are required: "


def _missing(command: str, text: str, config: type) -> str | None:
    """The message for required options that are not given, or None."""
    if _MISSING not in text:
        return None
    missing = text.partition(_MISSING)[2].strip().split(", ")
    positional = {f.name for f in dataclasses.fields(config) if f.metadata["positional"]}
    named = [name if name in positional else f"--{name.replace('_', '-')}" for name in missing]
    return (
        f"jetgen {command}: expected {' and '.join(named)}, received none; `jetgen {command} "
        "--help` lists the options"
    )


def _add(parser: Any, field: dataclasses.Field[Any], hint: Any, help: str) -> None:
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    settings: dict[str, Any] = {"help": help}
    if field.metadata["positional"]:
        if hint == list[str]:
            settings["nargs"] = "+" if default is dataclasses.MISSING else "*"
        elif default is not dataclasses.MISSING:
            settings["nargs"] = "?"
        if default is not dataclasses.MISSING:
            settings["default"] = default
        parser.add_argument(field.name, type=str if hint == list[str] else hint, **settings)
        return
    flag = "--" + field.name.replace("_", "-")
    if default is dataclasses.MISSING:
        settings["required"] = True
    else:
        settings["default"] = default
    if hint in (bool, bool | None):
        action = jsonargparse.ActionYesNo(yes_prefix="", no_prefix="no-")
        parser.add_argument(flag, action=action, **settings)
    elif hint == list[str]:
        alias = field.metadata["alias"]
        flags = [flag] if alias is None else [flag, f"--{alias}"]
        parser.add_argument(*flags, nargs="+", type=str, metavar="TEXT", **settings)
    elif hint == tuple[str, ...]:
        parser.add_argument(flag, type=comma_separated, metavar="A,B", **settings)
    elif hint == dict[str, str]:
        parser.add_argument(flag, type=comma_separated_pairs, metavar="NAME=VALUE,...", **settings)
    else:
        parser.add_argument(flag, type=hint, **settings)
