"""RealChat without its web server: vocabulary, domain and adapters."""

__version__ = "0.1.0"
