"""What every vendor reached over HTTP shares: the edge, its pace, its breaker, its credentials."""
