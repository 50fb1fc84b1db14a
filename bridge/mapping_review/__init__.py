"""The mapping laid beside what the shops sell: what `plan` and the console's Mapping page show.

It looks only: nothing here orders, writes to a shop, or moves an order.
"""
