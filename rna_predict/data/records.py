"""YAML to plain frozen dataclasses and back, without pydantic: GPU machines read settings too.

``rna_predict.config`` checks the same records with pydantic before a run starts.
"""

import types
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from rna_predict.errors import InputError

Record = TypeVar("Record")


def read_record(kind: type[Record], path: Path) -> Record:
    """Read a YAML file into a dataclass.

    Parameters
    ----------
    kind : type
        Dataclass; fields are bool, int, float, str, Literal, optional, tuples of one type, and
        dataclasses of these.
    path : path
        YAML file.

    Returns
    -------
    instance of ``kind``

    Raises
    ------
    InputError
        Naming file and key: an unknown key, a missing one without a default, a value of another
        type, or one that the record itself refuses.
    """
    try:
        values = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise InputError(path, f"not YAML: {error}") from error
    return parse_record(kind, values, path)


def parse_record(kind: type[Record], values: Any, where: Path | str) -> Record:
    """Turn nested mappings into a dataclass; as :func:`read_record`, for values in memory."""
    return _parse(kind, values, str(where), "")


def dump_record(record: Any) -> str:
    """Write a dataclass as YAML that :func:`read_record` gives back unchanged."""
    return yaml.safe_dump(plain(record), sort_keys=False)


def plain(record: Any) -> dict[str, Any]:
    """Turn a dataclass into dicts, lists and scalars."""
    return _listed(asdict(record))


def _listed(value: Any) -> Any:
    """Turn tuples into lists, all the way down."""
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_listed(item) for item in value]
    return value


def _parse(kind: Any, value: Any, where: str, key: str) -> Any:
    """Check one value against its type and convert it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _parse_dataclass(kind, value, where, key)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        (inner,) = [argument for argument in arguments if argument is not type(None)]
        return _parse(inner, value, where, key)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise InputError(where, f"{key}: expected a list, got {value!r}")
        inner = arguments[0]
        return tuple(_parse(inner, v, where, f"{key}[{k}]") for k, v in enumerate(value))
    if origin is Literal:
        if value not in arguments:
            raise InputError(where, f"{key}: expected one of {arguments}, got {value!r}")
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        hint = " (YAML reads 1e-3 as text; write 1.0e-3)" if kind is float else ""
        raise InputError(where, f"{key}: expected {kind.__name__}, got {value!r}{hint}")
    return value


def _parse_dataclass(kind: Any, value: Any, where: str, key: str) -> Any:
    """Check the keys of a section and convert its values."""
    prefix = f"{key}." if key else ""
    if not isinstance(value, dict):
        raise InputError(where, f"{key or 'top level'}: expected a section, got {value!r}")
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}
    if unknown := [name for name in value if name not in known]:
        raise InputError(where, f"unknown key {prefix}{unknown[0]}; known keys: {', '.join(known)}")
    missing = [
        name
        for name, field in known.items()
        if name not in value and field.default is MISSING and field.default_factory is MISSING
    ]
    if missing:
        raise InputError(where, f"missing key {prefix}{missing[0]}")
    parts = {name: _parse(hints[name], v, where, f"{prefix}{name}") for name, v in value.items()}
    try:
        return kind(**parts)
    except ValueError as error:
        raise InputError(where, f"{key or 'top level'}: {error}") from error
