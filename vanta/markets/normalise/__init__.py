"""One module per feed, each turning raw items into signals; `signals.to_signal` is the door."""
