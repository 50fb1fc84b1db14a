"""The campaign: seeded runs of real bridge processes that are killed, cut off and restored, judged by the books.

`python -m tests.campaign --runs 100 --seed 1 [--database postgresql --replicas 3]`

- `order_kinds`: the orders, and what may be printed of each
- `scenario`: what a seed stands for: orders, faults, lives, decisions
- `crash_points`: the moments at which a bridge dies or freezes
- `process_pool`: a process that has loaded the bridge and forks it: a start costs milliseconds
- `warm_up`: what a bridge does first, done once for all of them
- `short_waits`: waits of seconds become waits of milliseconds; clocks that are wrong
- `databases`: an SQLite file or a PostgreSQL database that is copied, lost, restored and crashed
- `load_balancer`: the sandbox, which delivers to any of the replicas
- `play`: one run
- `people`: what is decided at the console, and the one who tells the truth at the end
- `witness`: who asked for a purchase: the shop, the settings and the people, as they were in that moment
- `ledger`: what was promised, held against Sculpteo's books, the shop and the database
- `webhook_load`: webhook load, for the kills in `test_kills`
"""
