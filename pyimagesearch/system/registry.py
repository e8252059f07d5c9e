"""Named entries that register where they are defined. Standard library only."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Generic, TypeVar

from pyimagesearch.errors import InputError

T = TypeVar("T")


class Registry(Generic[T]):
    """Entries of one kind by name, in the order in which they were registered.

    Example:
        LOSSES: Registry[Loss] = Registry("loss")

        @LOSSES.register("l1")
        def l1(sr, hr): ...
    """

    def __init__(self, kind: str, package: str = ""):
        """kind: what an entry is, for messages. package: its modules register entries when they are imported, which
        happens at the first look-up."""
        self._kind, self._package = kind, package
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """A decorator that adds an entry. The same name again replaces it, as when a notebook cell is run twice."""

        def add(entry: T) -> T:
            self._entries[name] = entry
            return entry

        return add

    def names(self) -> tuple[str, ...]:
        """All names, in the order of registration."""
        self._import_package()
        return tuple(self._entries)

    def __getitem__(self, name: str) -> T:
        """The entry called `name`. Raises InputError, which lists the valid names."""
        self._import_package()
        if name not in self._entries:
            raise InputError(f"unknown {self._kind} {name}; valid: {', '.join(self._entries)}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        self._import_package()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def _import_package(self) -> None:
        if self._package:
            import_modules(importlib.import_module(self._package))
            self._package = ""


def import_modules(package: ModuleType) -> None:
    """Import every module directly inside a package."""
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
