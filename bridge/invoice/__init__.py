"""An order becomes the PDF that travels with the parcel: rendered by a template, fetched, or none.

`invoices.Invoices` is what the rest of the bridge uses; README.md here describes the data of a template.
"""
