"""How both simulated services listen, and the faults that spoil their answers."""
