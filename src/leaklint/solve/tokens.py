"""The tokens of a state, by key, and found by the object that they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from leaklint.ir.values import Path

if TYPE_CHECKING:
    from leaklint.solve.state import Token

Key: TypeAlias = tuple[Any, ...]
"""Type and site of an effect, its path, and what kind of it this is."""
PATH = 2
"""Where the path stands in a key."""


class Tokens(dict[Key, "Token"]):
    """Tokens in the order in which they were opened. Which are about an object is worked out when it is first asked."""

    __slots__ = ("_about",)

    def __init__(self, tokens: Mapping[Key, Token] | Sequence[tuple[Key, Token]] = ()) -> None:
        super().__init__(tokens)
        self._about: dict[Path | None, list[Key]] | None = None

    def about(self, path: Path) -> Sequence[Key]:
        """Keys of what is about an object."""
        if self._about is None:
            self._about = {}
            for key in self:
                self._about.setdefault(key[PATH], []).append(key)
        return self._about.get(path, ())

    def copy(self) -> Tokens:
        """Independent tokens, the same ones."""
        return Tokens(self)

    def __setitem__(self, key: Key, token: Token) -> None:
        if self._about is not None and key not in self:
            self._about.setdefault(key[PATH], []).append(key)
        super().__setitem__(key, token)

    def __delitem__(self, key: Key) -> None:
        self._about = None
        super().__delitem__(key)

    def pop(self, key: Key, *default: Any) -> Any:
        """Takes a token out."""
        self._about = None
        return super().pop(key, *default)

    def setdefault(self, key: Key, token: Token) -> Token:
        """Opens a token where there is none of this key."""
        self._about = None
        return super().setdefault(key, token)

    def update(self, *given: Any, **named: Any) -> None:
        """Takes over tokens."""
        self._about = None
        super().update(*given, **named)
