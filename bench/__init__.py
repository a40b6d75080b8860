"""The server's speed, measured against bare broadcast servers in the same run: `make bench`."""
