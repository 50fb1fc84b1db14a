"""What a person decides about an order, for the console and the command line alike.

transitions     what follows from each decision: approve, hold, retry, ignore, cancel, resolve
actions         the same as a list that buttons and commands are made from
line_overrides  what a person may say of one line: print these designs, or do not print it
refusals        why a decision does not fit the order as it is, and what would
"""
