"""The campaign: seeded runs of real bridge processes that are killed, cut off and restored, judged by the books.

`python -m tests.campaign --runs 100 --seed 1 [--database postgresql --replicas 3]`

- `kinds`: the orders, and what may be printed of each
- `script`: what a seed stands for: orders, faults, lives, decisions
- `points`: the moments at which a bridge dies or freezes
- `nursery`: a process that has loaded the bridge and forks it: a start costs milliseconds
- `rehearsal`: what a bridge does first, done once for all of them
- `hurry`: waits of seconds become waits of milliseconds; clocks that are wrong
- `databases`: an SQLite file or a PostgreSQL database that is copied, lost, restored and crashed
- `balanced`: the sandbox, which delivers to any of the replicas
- `play`: one run
- `people`: what is decided at the console, and the one who tells the truth at the end
- `witness`: who asked for a purchase: the shop, the settings and the people, as they were in that moment
- `books`: what was promised, held against Sculpteo's books, the shop and the database
- `flood`: webhook load, for the kills in `test_kills`
"""
