"""VANTA: a fund's capital on three nodes, where every change to risk is a signed commit."""
