"""What a person decides about an order, for the console and the command line alike."""
