"""Sculpteo: the only part of the bridge that knows its form, its answers and its words.

`client.py` does the HTTP; everything else is pure. What Sculpteo documents is on its pages "Ordering designs
via API" and "Obtaining the 3D printing price of a design"; what it leaves open is read tolerantly here and
never guessed at where money is at stake.
"""
