"""Tradier: equities and options over its brokerage API."""
