"""What stands for {why} in a sentence about an order, so that it can be told in the reader's language.

Adapters and steps word their reasons in English, with facts in them, and keep them on record. Those that are
worded like one of these templates are translated when they are shown; others, such as an upstream's own
message, are shown as they are. A test asks the adapters for their reasons and compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable

REASONS: tuple[str, ...] = (
    # the address
    "there is no shipping address",
    "{parts} is missing",
    "{parts} are missing",
    "“{code}” is not an ISO 3166-1 country code of two letters",
    "{parts} holds a character that cannot be printed",
    "{parts} is too long for a label ({count} characters)",
    "it is a PO box",
    "it is a military or diplomatic post office (APO, FPO or DPO)",
    # the payment
    "the payment is pending",
    "only a part is paid",
    "the payment is authorized and not captured",
    "the payment is authorized until {until}, and Sculpteo may not have shipped by then",
    "the payment is authorized, and Shopify does not say until when",
    "the authorization of the payment has expired",
    "Shopify says “{status}” of the payment",
    "the payment terms are {terms}, and the payment is pending",
    "the payment terms are {terms}, and only a part is paid",
    # the cost
    "it costs {cost} now, and {before} when it was approved",
    "it costs more now than when it was approved",
    # Sculpteo's answer to the order call
    "Sculpteo answered HTTP {status} with far more than a reference",
    "Sculpteo's answer (HTTP {status}) was cut short",
    "Sculpteo refused the order: HTTP {status} with a blank answer",
    "Sculpteo answered HTTP {status} with a blank answer, which may come too late",
    "Sculpteo answered HTTP {status} with an answer that is not blank",
    "Sculpteo redirected elsewhere (HTTP {status}) instead of giving a reference",
    "Sculpteo answered (HTTP {status}) instead of giving a reference",
    "Sculpteo's answer is not readable text",
    "Sculpteo answered HTTP {status} without a reference",
    "Sculpteo gave its reference",
    "Sculpteo answered HTTP {status} with something that is not a plain reference",
    "no connection to Sculpteo ({how}); nothing was sent",
    "the request was sent, but {how} while it answered",
    "the request was sent, but {how} before it answered",
    "the bridge stopped between sending the request and storing the answer",
    "Sculpteo gave the reference {reference}, which {other} has already",
    "the shop's ledger holds an intent to order it, from another run of the bridge",
    "the note on the Shopify order says that the request may have left",
    "it named an order for this one that its tracking page does not know yet",
    "Sculpteo named an order that it has for this one already",
    # why a line is not printed
    "a gift card",
    "it needs no shipping",
    "{who} decided so for this {scope}",
    # the bridge's own records, and the shop
    "what the database holds of it cannot be read ({what})",
    "what it holds is fulfilled already, and the bridge has no record of doing that",
    "what it holds is fulfilled already, and not by the bridge",  # as it was worded before
    "the bridge's record of what it holds is lost",
    "it is the new number of parcel {old}, whose fulfillment the bridge did not make",
    "Shopify does not let it be fulfilled now",
    "it is scheduled for later",
)
PARTS: tuple[str, ...] = (
    "the name",
    "the street",
    "the city",
    "the province",
    "the postal code",
    "the country",
)
HOWS: tuple[str, ...] = (
    "the time was over",
    "the name could not be resolved",
    "TLS failed",
    "the connection was closed",
    "the connection failed",
)
RISKS: tuple[str, ...] = ("high", "pending", "nothing yet")
AND = "{some} and {last}"
WORDS = frozenset({*PARTS, *HOWS, *RISKS})

_PATTERNS = tuple(
    (template, re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(template)), re.DOTALL))
    for template in REASONS
)


def translate_reason(reason: object, t: Callable[[str], str]) -> object:
    """The reason in the words of `t`, where it is worded like one of the templates; else as it is."""
    if not isinstance(reason, str):
        return reason
    if reason in WORDS:
        return t(reason)
    for template, pattern in _PATTERNS:
        found = pattern.fullmatch(reason)
        facts = found.groupdict() if found else {}
        if found and _is_list(facts.get("parts")):
            return t(template).format(
                **{name: _translate_fact(name, value, t) for name, value in facts.items()}
            )
    return reason


def _split_parts(parts: str) -> list[str]:
    return re.split(r", | and ", parts)


def _is_list(parts: str | None) -> bool:
    return parts is None or WORDS.issuperset(_split_parts(parts))


def _translate_fact(name: str, value: str, t: Callable[[str], str]) -> str:
    if name != "parts":
        return t(value) if value in WORDS else value
    *some, last = map(t, _split_parts(value))
    return t(AND).format(some=", ".join(some), last=last) if some else last
