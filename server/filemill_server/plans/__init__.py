"""What keys may do: plans, the counts of what was done, credits and domains of tenants."""
