"""An order becomes the PDF that travels with the parcel: rendered by a template, fetched, or none.

`invoices.Invoices` is what the rest of the bridge uses; README.md here describes the data of a template.
"""

SHIPPED = {"invoice": "invoice.typ", "customs": "customs.typ"}
"""The templates that come with the bridge, by their names in the settings. Here, where a list of options finds them
without loading what makes an invoice."""
