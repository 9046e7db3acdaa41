"""Markets: collect, normalise, reflect and promote. It reads feeds and holds no broker key.

    collectors -> normalise -> dedupe -> entities -> harvest.jsonl      (harvest)
    features -> models -> reflect -> rerank -> promote -> reflection.jsonl, bus   (reflect)

Everything between a collector and a journal is pure: what it needs is in its arguments, and what
it used is in the journals, so that `replay` computes the same bytes again.
"""
