"""The words of the invoice itself, per language. A language that is not here falls back to English."""

from __future__ import annotations

from typing import TypedDict


class Labels(TypedDict):
    """What the template prints beside the data. `{braces}` are filled by the bridge, or by the template."""

    invoice: str
    number: str
    date: str
    order: str
    order_date: str
    payment: str
    paid: str
    bill_to: str
    ship_to: str
    item: str
    sku: str
    quantity: str
    unit_price: str
    discount: str
    amount: str
    subtotal: str
    shipping: str
    tax: str
    other: str
    total: str
    included: str  # before a tax inside the total: "{tax}" is its title and rate
    net: str
    refunded: str
    final: str
    removed: str  # "{count}" units of a line were removed or refunded
    paid_in: str  # "{paid}" and "{shown}" are currency codes
    test: str
    tax_id: str
    registration: str
    page: str  # "{page}" and "{pages}"


LABELS: dict[str, Labels] = {
    "en": {
        "invoice": "Invoice",
        "number": "Invoice number",
        "date": "Invoice date",
        "order": "Order",
        "order_date": "Order date",
        "payment": "Payment",
        "paid": "Paid",
        "bill_to": "Billed to",
        "ship_to": "Shipped to",
        "item": "Item",
        "sku": "SKU",
        "quantity": "Qty",
        "unit_price": "Unit price",
        "discount": "Discount",
        "amount": "Amount",
        "subtotal": "Subtotal",
        "shipping": "Shipping",
        "tax": "Tax",
        "other": "Other charges and adjustments",
        "total": "Total",
        "included": "Includes {tax}",
        "net": "Total without tax",
        "refunded": "Refunded",
        "final": "Total after refund",
        "removed": "{count} removed or refunded",
        "paid_in": "Paid in {paid}; amounts are shown in {shown}.",
        "test": "Test order: not a valid invoice",
        "tax_id": "VAT no.",
        "registration": "Reg. no.",
        "page": "Page {page} of {pages}",
    },
    "fr": {
        "invoice": "Facture",
        "number": "Numéro de facture",
        "date": "Date de facture",
        "order": "Commande",
        "order_date": "Date de commande",
        "payment": "Paiement",
        "paid": "Payée",
        "bill_to": "Facturé à",
        "ship_to": "Livré à",
        "item": "Article",
        "sku": "Réf.",
        "quantity": "Qté",
        "unit_price": "Prix unitaire",
        "discount": "Remise",
        "amount": "Montant",
        "subtotal": "Sous-total",
        "shipping": "Livraison",
        "tax": "Taxes",
        "other": "Autres frais et ajustements",
        "total": "Total",
        "included": "Dont {tax}",
        "net": "Total hors taxes",
        "refunded": "Remboursé",
        "final": "Total après remboursement",
        "removed": "{count} retiré(s) ou remboursé(s)",
        "paid_in": "Payé en {paid} ; les montants sont indiqués en {shown}.",
        "test": "Commande de test : facture sans valeur",
        "tax_id": "N° TVA",
        "registration": "N° d’immatriculation",
        "page": "Page {page} sur {pages}",
    },
    "de": {
        "invoice": "Rechnung",
        "number": "Rechnungsnummer",
        "date": "Rechnungsdatum",
        "order": "Bestellung",
        "order_date": "Bestelldatum",
        "payment": "Zahlung",
        "paid": "Bezahlt",
        "bill_to": "Rechnungsadresse",
        "ship_to": "Lieferadresse",
        "item": "Artikel",
        "sku": "Art.-Nr.",
        "quantity": "Menge",
        "unit_price": "Einzelpreis",
        "discount": "Rabatt",
        "amount": "Betrag",
        "subtotal": "Zwischensumme",
        "shipping": "Versand",
        "tax": "Steuern",
        "other": "Sonstige Kosten und Anpassungen",
        "total": "Gesamtbetrag",
        "included": "Enthält {tax}",
        "net": "Gesamtbetrag ohne Steuern",
        "refunded": "Erstattet",
        "final": "Gesamtbetrag nach Erstattung",
        "removed": "{count} entfernt oder erstattet",
        "paid_in": "Bezahlt in {paid}; die Beträge sind in {shown} angegeben.",
        "test": "Testbestellung: keine gültige Rechnung",
        "tax_id": "USt-IdNr.",
        "registration": "Registernr.",
        "page": "Seite {page} von {pages}",
    },
    "es": {
        "invoice": "Factura",
        "number": "Número de factura",
        "date": "Fecha de factura",
        "order": "Pedido",
        "order_date": "Fecha del pedido",
        "payment": "Pago",
        "paid": "Pagado",
        "bill_to": "Facturado a",
        "ship_to": "Enviado a",
        "item": "Artículo",
        "sku": "Ref.",
        "quantity": "Cant.",
        "unit_price": "Precio unitario",
        "discount": "Descuento",
        "amount": "Importe",
        "subtotal": "Subtotal",
        "shipping": "Envío",
        "tax": "Impuestos",
        "other": "Otros cargos y ajustes",
        "total": "Total",
        "included": "Incluye {tax}",
        "net": "Total sin impuestos",
        "refunded": "Reembolsado",
        "final": "Total tras el reembolso",
        "removed": "{count} retirado(s) o reembolsado(s)",
        "paid_in": "Pagado en {paid}; los importes se muestran en {shown}.",
        "test": "Pedido de prueba: factura no válida",
        "tax_id": "NIF/IVA",
        "registration": "N.º de registro",
        "page": "Página {page} de {pages}",
    },
    "it": {
        "invoice": "Fattura",
        "number": "Numero fattura",
        "date": "Data fattura",
        "order": "Ordine",
        "order_date": "Data dell’ordine",
        "payment": "Pagamento",
        "paid": "Pagato",
        "bill_to": "Fatturato a",
        "ship_to": "Spedito a",
        "item": "Articolo",
        "sku": "Cod.",
        "quantity": "Qtà",
        "unit_price": "Prezzo unitario",
        "discount": "Sconto",
        "amount": "Importo",
        "subtotal": "Subtotale",
        "shipping": "Spedizione",
        "tax": "Imposte",
        "other": "Altri costi e rettifiche",
        "total": "Totale",
        "included": "Include {tax}",
        "net": "Totale senza imposte",
        "refunded": "Rimborsato",
        "final": "Totale dopo il rimborso",
        "removed": "{count} rimossi o rimborsati",
        "paid_in": "Pagato in {paid}; gli importi sono indicati in {shown}.",
        "test": "Ordine di prova: fattura non valida",
        "tax_id": "Partita IVA",
        "registration": "N. di registrazione",
        "page": "Pagina {page} di {pages}",
    },
    "nl": {
        "invoice": "Factuur",
        "number": "Factuurnummer",
        "date": "Factuurdatum",
        "order": "Bestelling",
        "order_date": "Besteldatum",
        "payment": "Betaling",
        "paid": "Betaald",
        "bill_to": "Factuuradres",
        "ship_to": "Afleveradres",
        "item": "Artikel",
        "sku": "Art.nr.",
        "quantity": "Aantal",
        "unit_price": "Prijs per stuk",
        "discount": "Korting",
        "amount": "Bedrag",
        "subtotal": "Subtotaal",
        "shipping": "Verzending",
        "tax": "Belastingen",
        "other": "Overige kosten en correcties",
        "total": "Totaal",
        "included": "Inclusief {tax}",
        "net": "Totaal zonder belasting",
        "refunded": "Terugbetaald",
        "final": "Totaal na terugbetaling",
        "removed": "{count} verwijderd of terugbetaald",
        "paid_in": "Betaald in {paid}; de bedragen zijn in {shown}.",
        "test": "Testbestelling: geen geldige factuur",
        "tax_id": "Btw-nr.",
        "registration": "Registratienr.",
        "page": "Pagina {page} van {pages}",
    },
    "pt": {
        "invoice": "Fatura",
        "number": "Número da fatura",
        "date": "Data da fatura",
        "order": "Encomenda",
        "order_date": "Data da encomenda",
        "payment": "Pagamento",
        "paid": "Pago",
        "bill_to": "Faturado a",
        "ship_to": "Enviado a",
        "item": "Artigo",
        "sku": "Ref.",
        "quantity": "Qtd.",
        "unit_price": "Preço unitário",
        "discount": "Desconto",
        "amount": "Valor",
        "subtotal": "Subtotal",
        "shipping": "Envio",
        "tax": "Impostos",
        "other": "Outros custos e ajustes",
        "total": "Total",
        "included": "Inclui {tax}",
        "net": "Total sem impostos",
        "refunded": "Reembolsado",
        "final": "Total após reembolso",
        "removed": "{count} removido(s) ou reembolsado(s)",
        "paid_in": "Pago em {paid}; os valores são apresentados em {shown}.",
        "test": "Encomenda de teste: fatura sem validade",
        "tax_id": "NIF",
        "registration": "N.º de registo",
        "page": "Página {page} de {pages}",
    },
}

ENGLISH = "en"


def labels(language: str) -> Labels:
    return LABELS.get(language, LABELS[ENGLISH])
