"""What the fund runs on: the Pulumi program of each environment, and the lab that stands in."""
