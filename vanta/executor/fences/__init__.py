"""The fences: small pure questions to one proposed order, each with its own number and codes.

Every fence passes at its limit and denies one tick beyond it; a missing input denies. A cap that is
lowered stops opening and never forces or blocks a way out, so most fences ask only opening orders;
each says which. `registry` holds them all.
"""
