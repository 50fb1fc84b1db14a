"""The merchant's YAML file: read with places, checked as a whole, handed on as typed settings."""
