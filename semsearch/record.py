"""Named tuples for what a plain search loads: defining one costs a tenth of `typing.NamedTuple`.

`NamedTuple` compiles a constructor and resolves every annotation; a few dozen of them, and the
import of `typing` itself, were a fifth of a one-shot search. A `Record` class is made without
either. Everywhere else `NamedTuple` is the better choice, because a type checker knows more of it.
"""

from __future__ import annotations

from operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Self, dataclass_transform

    Values = tuple[Any, ...]
else:
    Values = tuple

    def dataclass_transform(**_options: bool) -> Callable[[type], type]:
        """What tells a type checker that a class's annotations are its constructor."""
        return lambda made: made


@dataclass_transform(frozen_default=True)
class _RecordType(type):
    """Turns the annotated names of a class body into the fields of a tuple, in their order."""

    _fields: tuple[str, ...]
    _defaults: dict[str, object]
    _tail: tuple[object, ...]
    """The defaults in order; as in any signature, only the last fields have one."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _RecordType:
        fields = tuple(namespace.get("__annotations__", ()))
        namespace["_defaults"] = {field: namespace[field] for field in fields if field in namespace}
        namespace["_tail"] = tuple(namespace["_defaults"].values())
        for index, field in enumerate(fields):
            namespace[field] = property(itemgetter(index))
        namespace["_fields"] = fields
        namespace["__slots__"] = ()
        return super().__new__(cls, name, bases, namespace)


class Record(Values, metaclass=_RecordType):
    """A tuple with named fields: each annotated name of the class body, a value being its default.

    Like a named tuple it is compared, hashed, unpacked and indexed as a tuple. It cannot be
    subclassed again.

    Raises:
        TypeError: a field is missing, given twice, or not one of the class.
    """

    if not TYPE_CHECKING:  # a checker reads the constructor off the annotations

        def __new__(cls, *values: object, **named: object) -> Self:
            """Take the values by position, by name, or from the defaults."""
            lacking = len(cls._fields) - len(values)
            if named or not 0 <= lacking <= len(cls._tail):
                values = cls._complete(values, named)
            elif lacking:
                values += cls._tail[-lacking:]
            return tuple.__new__(cls, values)

    def __repr__(self) -> str:
        shown = ", ".join(map("{}={!r}".format, type(self)._fields, self))
        return f"{type(self).__name__}({shown})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    @classmethod
    def _make(cls, values: Iterable[Any]) -> Self:
        """A record of values in the order of the fields."""
        return cls(*values)

    def _replace(self, **changes: object) -> Self:
        """The record with other values in some fields."""
        kept = dict(zip(type(self)._fields, self, strict=True))
        return type(self)(**(kept | changes))

    @classmethod
    def _complete(cls, values: tuple[object, ...], named: dict[str, object]) -> list[object]:
        found = list(values)
        for field in cls._fields[len(values) :]:
            if field in named:
                found.append(named.pop(field))
            elif field in cls._defaults:
                found.append(cls._defaults[field])
            else:
                raise TypeError(f"{cls.__name__} lacks {field}")
        if named or len(found) > len(cls._fields):
            raise TypeError(f"{cls.__name__} takes {', '.join(cls._fields)}, each once")
        return found
