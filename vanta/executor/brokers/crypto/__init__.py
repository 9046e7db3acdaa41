"""Crypto exchanges: one broker over a venue, and a venue for Coinbase and for Bybit."""
