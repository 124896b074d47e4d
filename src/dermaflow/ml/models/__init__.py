"""The network, its weights and its predictions."""
