"""What the infrastructure must be: pure judgements over what is to be made, in Pulumi's dress."""
