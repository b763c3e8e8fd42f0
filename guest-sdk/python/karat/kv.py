"""Small values that a plugin keeps for itself, in buckets that `plugin.toml` declares and the suite grants."""

from typing import List, Optional

from . import _host


class Bucket:
    """Values by key. Every method raises `Failure` where the host refuses, such as over the bucket's size."""

    def __init__(self, linked):
        self._linked = linked

    def get(self, key: str) -> Optional[bytes]:
        return _host.call(self._linked.get, key)

    def set(self, key: str, value: bytes) -> None:
        _host.call(self._linked.set, key, value)

    def delete(self, key: str) -> None:
        _host.call(self._linked.delete, key)

    def compare_and_set(self, key: str, old: Optional[bytes], new: bytes) -> bool:
        """Sets `new` only where the value is `old`; says whether it did."""
        return _host.call(self._linked.compare_and_set, key, old, new)

    def keys(self, prefix: str = "", after: Optional[str] = None, limit: int = 1000) -> List[str]:
        """Up to `limit` keys that begin with `prefix`, sorted, behind `after`."""
        return _host.call(self._linked.keys, prefix, after, limit)


def open(name: str) -> Bucket:
    """The bucket of this name."""
    return Bucket(_host.call(_host.interface("kv").open, name))
