"""Keeps the items of the service in memory."""

from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import BaseModel


class Item(BaseModel):
    """One entry of the list."""

    id: int
    name: str
    created_at: datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """Items in order of creation. It belongs to one event loop and is never awaited in, so it needs no lock."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._items: list[Item] = []

    def add(self, name: str) -> Item:
        """Stores an item of this name and returns it with its number; numbers start at 1."""
        item = Item(id=len(self._items) + 1, name=name, created_at=self._now())
        self._items.append(item)
        return item

    def all(self) -> list[Item]:
        """A copy of all items."""
        return list(self._items)
