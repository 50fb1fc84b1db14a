"""Reading several shops, of which some may not answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from bridge.errors import BridgeError, NeedsPerson
from bridge.mapping_review.variants import ShopCatalog
from bridge.order.problems import PROBLEMS, Problem, fill_sentence


async def read_shops(
    names: Iterable[str], read: Callable[[str], Awaitable[ShopCatalog]]
) -> tuple[dict[str, ShopCatalog], dict[str, str]]:
    """What each shop sells, and of those that could not be read, why."""
    stocks: dict[str, ShopCatalog] = {}
    failed: dict[str, str] = {}
    for name in names:
        try:
            stocks[name] = await read(name)
        except BridgeError as error:
            failed[name] = describe_error(error)
    return stocks, failed


def describe_error(error: BridgeError) -> str:
    """An error as a sentence for people."""
    if isinstance(error, NeedsPerson) and error.problem in set(Problem):
        return fill_sentence(PROBLEMS[Problem(error.problem)].sentence, error.facts)
    return str(error)
