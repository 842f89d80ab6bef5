"""The service that other programs ask for sessions, over HTTP (docs/service.md).

What is asked (``asked.py``) becomes a session of a library of the service's own; the hall
(``hall.py``) runs so many at once and remembers what waits, so that a service that ends, however,
goes on with it. Only ``app.py`` and what it is made of (``web``) know Litestar, and they are
imported by nobody but ``musmed serve`` and tests, inside functions.
"""
