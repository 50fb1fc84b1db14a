"""The tracking page and its JSON. Sculpteo documents neither: the page follows what was seen of it (steps,
`<td title="Shipped">`, `<td title="Estimated Delivery">`, the UPS link), the JSON is made up."""

from __future__ import annotations

from html import escape
from typing import Any

from bridge.sandbox.sculpteo.model import Book, Parcel
from bridge.sandbox.sculpteo.settings import JsonNames

STEPS = ("Queuing", "In production", "Shipped")
_REACHED = {"Billed": 0, "New": 0, "In Process": 1, "Shipped": 3}

FRENCH = {
    "Queuing": "En attente",
    "In production": "En production",
    "Shipped": "Expédié",
    "Estimated Delivery": "Livraison estimée",
    "Status": "Statut",
    "Billed": "Facturé",
    "New": "Nouveau",
    "In Process": "En cours de fabrication",
    "Blocked": "Bloqué",
    "Cancelled": "Annulé",
    "API Test": "Test API",
    "This order has been cancelled": "Cette commande a été annulée",
    "Order": "Commande",
}


def tracking_json(book: Book, names: JsonNames) -> dict[str, Any]:
    body: dict[str, Any] = {
        names.reference: book.reference,
        names.status: book.status,
        names.estimated: book.estimated.isoformat() if book.estimated else None,
        names.parcels: [
            {
                names.number: parcel.number,
                names.carrier: parcel.carrier,
                names.url: parcel.url,
                names.shipped_on: parcel.shipped_on.isoformat(),
                names.contents: [{"uuid": uuid, "quantity": quantity} for uuid, quantity in parcel.contents],
            }
            for parcel in book.parcels
        ],
    }
    return {names.wrap: body} if names.wrap else body


def tracking_page(book: Book, language: str, *, show_status: bool) -> str:
    def say(text: str) -> str:
        return escape(FRENCH.get(text, text) if language == "fr" else text)

    rows = "".join(_item_rows(book, say("Shipped")))
    estimated = book.estimated.isoformat() if book.estimated else ""
    status = f'<tr><td title="{say("Status")}">{say(book.status)}</td></tr>' if show_status else ""
    body = (
        f"<p>{say('This order has been cancelled')}</p>"
        if book.status == "Cancelled"
        else f'<ul class="steps">{_steps(book, say)}</ul>'
    )
    return f"""<!DOCTYPE html>
<html lang="{language}">
<head><meta charset="utf-8"><title>{say("Order")} {book.reference}</title></head>
<body>
<h1>{say("Order")} {book.reference}</h1>
{body}
<table>
{status}<tr><td title="{say("Estimated Delivery")}">{estimated}</td></tr>
{rows}</table>
</body>
</html>
"""


def _steps(book: Book, say: Any) -> str:
    reached = _REACHED.get(book.status, 1)
    rows = []
    for place, label in enumerate(STEPS):
        if place < reached:
            rows.append(f'<li class="step_done" title="{say(label)}"></li>')
        elif place == reached:
            rows.append(f'<li class="step_in_progress" title="{say(label)}"></li>')
        else:
            rows.append(f'<li class="step" title="{say(label)}"></li>')
    return "".join(rows)


def _item_rows(book: Book, shipped: str) -> list[str]:
    rows = []
    for parcel in book.parcels:
        for uuid, quantity in parcel.contents:
            rows.append(
                f"<tr><td>{escape(uuid)} x {quantity}</td>"
                f'<td title="{shipped}">{parcel.shipped_on.isoformat()}</td><td>{_link(parcel)}</td></tr>\n'
            )
    return rows


def _link(parcel: Parcel) -> str:
    number = escape(parcel.number)
    if parcel.url is None:
        return f"{escape(parcel.carrier)} {number}"
    return f'<a href="{escape(parcel.url)}">{escape(parcel.carrier)} {number}</a>'


def missing_page() -> str:
    return (
        "<!DOCTYPE html>\n<html><head><title>404</title></head><body><h1>Page not found</h1></body></html>\n"
    )
