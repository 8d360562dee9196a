"""Other services' protocols, spoken over our own operations."""
