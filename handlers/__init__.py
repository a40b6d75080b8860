"""All that knows Tornado: REST, uploads, WebSocket, the registry of connections."""
