"""The node that trades: it takes signed intents, decides, routes, and keeps the book.

The middle is pure (`mandate`, `case`, `sizing`, `fences`, `decide`, `book`, `reconcile`,
`replay`); the edges are thin (`intake`, `gate`, `router`, `service`, `brokers`). It reads no feed
and computes no conviction.
"""
