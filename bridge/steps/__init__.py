"""The path of an order, one file a step.

    accept      a webhook delivery, or word from reconciliation, becomes an order on record
    match       the order is read from the shop and its lines become designs
    place       the last look, the one request to Sculpteo, its answer
    track       what Sculpteo says of the order now
    fulfil      each parcel is brought to the shop
    reconcile   what no webhook told of
    audit       the proof that no order of the shop is missing
    resolve     outcomes that are not known, and evidence that comes late
    withdraw    what the shop takes back: cancelled, refunded, edited, another address

    select      which lines are printed, and how many       }
    approval    which orders a person must approve          } what match and place
    limits      the stop switch and the limit per order     } ask before anything
    pricing     what Sculpteo asks for the prints           } is bought
    intent      the intent to buy, in both ledgers          }

    allocation   which units of an order are Sculpteo's, by fulfillment order line and location
    shipping     which one write brings a parcel to the shop next
    relabelling  the same parcel under a new number

    ledger         the note on the Shopify order: what it proves, and who may write over it
    decision_note  a person's no, written on the Shopify order and obeyed where it is found

    decide      what a person may say: approve, hold, retry, ignore, cancel, resolve
    actions     the same as a list that buttons and commands are made from
    lines       what a person may say of one line: print these designs, or do not print it
    overlay     what was said so, over the merchant's mapping

A step is `async (Job) -> Change`: it looks at the world and decides; the worker records the decision.
"""
