"""What the merchant sees of the print on the Shopify order: a tag, two metafields, progress.

All of it is a convenience, so one part that fails does not keep the others from being shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bridge.errors import BridgeError
from bridge.order.model import Annotation
from bridge.order.states import State
from bridge.shopify.client import Admin
from bridge.shopify.response import AccessDenied

NAMESPACE = "sculpteo"
LIVE_TAG, TEST_TAG = "sculpteo-", "sculpteo-test-"
OURS = frozenset(prefix + state for prefix in (LIVE_TAG, TEST_TAG) for state in State)
"""Every tag that the bridge ever sets; a merchant's own tags, however named, are not touched."""


def tag_for(annotation: Annotation) -> str:
    return (TEST_TAG if annotation.fake else LIVE_TAG) + annotation.state


async def annotate(admin: Admin, order_id: str, annotation: Annotation, log: Callable[[str], None]) -> None:
    """Show all that the app may show. Raises NeedsPerson("shop_access") when it may show nothing at all,
    and TryAgain when the shop is in trouble."""
    refused: list[AccessDenied] = []
    for show in (_tag, _metafields):
        try:
            await show(admin, order_id, annotation, log)
        except AccessDenied as error:
            refused.append(error)
    for unit in annotation.progress:
        await _progress(admin, unit, annotation, log)
    if len(refused) == 2:
        raise refused[0]


async def _tag(admin: Admin, order_id: str, annotation: Annotation, log: Callable[[str], None]) -> None:
    """One tag of ours at a time: the new one first, so that the order is never without."""
    reply = await admin.run("order_tags", {"id": order_id})
    with admin.reading("order_tags", reply):
        tags = [tag.text() for tag in reply.data["order"]["tags"].each()]
    wanted = tag_for(annotation)
    known = {tag.lower() for tag in tags}
    if wanted not in known:
        await _told(admin, "tags_add", "tagsAdd", {"id": order_id, "tags": [wanted]}, log)
    old = [tag for tag in tags if tag.lower() in OURS and tag.lower() != wanted]
    if old:
        await _told(admin, "tags_remove", "tagsRemove", {"id": order_id, "tags": old}, log)


async def _metafields(
    admin: Admin, order_id: str, annotation: Annotation, log: Callable[[str], None]
) -> None:
    shown = {"state": f"{annotation.state} (test)" if annotation.fake else annotation.state}
    if annotation.reference:
        shown["reference"] = annotation.reference
    metafields = [
        {
            "ownerId": order_id,
            "namespace": NAMESPACE,
            "key": key,
            "type": "single_line_text_field",
            "value": value,
        }
        for key, value in shown.items()
    ]
    await _told(admin, "metafields_set", "metafieldsSet", {"metafields": metafields}, log)


async def _progress(admin: Admin, unit: str, annotation: Annotation, log: Callable[[str], None]) -> None:
    """Shopify shows such lines as in progress. Whatever goes wrong here is only logged."""
    note = annotation.note or f"Sculpteo prints it: {annotation.reference or 'ordered'}"
    variables = {"id": unit, "report": {"reasonNotes": note}}
    name, field = "fulfillment_order_report_progress", "fulfillmentOrderReportProgress"
    try:
        await _told(admin, name, field, variables, log)
    except BridgeError as error:
        log(f"progress of {unit} could not be shown: {error}")


async def _told(
    admin: Admin, name: str, field: str, variables: Mapping[str, object], log: Callable[[str], None]
) -> None:
    _, errors = await admin.write(name, field, variables)
    for error in errors:
        log(f"{field} on {variables.get('id', 'the order')}: {error.message}")
