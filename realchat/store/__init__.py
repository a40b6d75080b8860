"""MongoDB: the only folder that knows Motor, and the only one that sees raw documents.

One module a noun; each turns documents into the records of `realchat.models`.
"""

import os

# Motor runs each call in a thread of a pool, whose size it reads from here when
# it is imported. Its default of five per core would be filled by ten slow calls.
os.environ.setdefault("MOTOR_MAX_WORKERS", "32")
