"""Alpaca: equities, options and crypto over its trading and market data APIs."""
