"""The path of an order, one file a step.

    accept            a webhook delivery, or word from reconciliation, becomes an order on record
    match             the order is read from the shop and its lines become designs
    place             the last look, the one request to Sculpteo, its answer
    track             what Sculpteo says of the order now
    fulfill           each parcel is brought to the shop
    reconcile         what no webhook told of
    order_audit       the proof that no order of the shop is missing
    outcome_recovery  outcomes that are not known, and evidence that comes late
    cancellation      what the shop takes back: cancelled, refunded, edited, another address

What match and place ask before anything is bought:

    right_to_buy      may this be bought now: one rule, asked again at each purchase
    line_selection    which lines are printed, and how many
    address_check     what of an address a person must decide
    approval          which orders a person must approve
    fraud_risk        what the shop's fraud analysis says
    payment           whether it is paid, or will be
    spending_limits   the stop switch, and the limits per order and per day
    pricing           what Sculpteo asks for the prints
    customer_history  whether an order is its customer's first
    locations         which of the shop's locations the merchant named
    closed_purchases  what becomes of purchases that a person closed
    purchase_intent   the intent to buy, in both ledgers
    purchased_items   which lines a purchase covers, also where the record of them is lost

What fulfill writes:

    allocation          which units of an order are Sculpteo's, by fulfillment order line and location
    fulfillment_plan    which one write brings a parcel to the shop next
    relabelled_parcels  the same parcel under a new number

What is kept on the Shopify order:

    ledger            the note on the Shopify order: what it proves, and who may write over it
    decision_note     a person's no, written on the Shopify order and obeyed where it is found

    mapping_overrides what a person said of single lines, over the merchant's mapping
    context           what a step is given

A step is `async (StepRun) -> Transition`: it looks at the world and decides; the worker records the decision.
"""
