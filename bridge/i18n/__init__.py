"""Languages, countries and their ways of writing: of people, money, dates and addresses."""
