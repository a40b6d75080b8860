"""MongoDB: the only folder that knows Motor, and the only one that sees raw documents.

One module a noun; each turns documents into the records of `realchat.models`.
"""
