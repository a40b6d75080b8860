"""Proof under fire: the real server among many clients, while things are broken on purpose.

The clients keep their own record of what they sent, what was acked and what
reached them; at the end `checker` compares it with the database. `python -m
torture` runs the scenarios; the same seed breaks the same things in the same order.
"""
