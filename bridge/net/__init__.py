"""HTTP to others, held to its limits: addresses that may be asked, circuit breakers, waits between tries."""
