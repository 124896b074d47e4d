"""Which code, parameters and data made what: fingerprints, stage records, DVC and git."""
