"""The campaign: seeded runs of real bridge processes that are killed, cut off and restored, judged by the books.

python -m tests.campaign --runs 100 --seed 1 [--database postgresql --replicas 3]

nursery     a process that has loaded the bridge and forks it: a start costs milliseconds
hurry       waits of seconds become waits of milliseconds
points      the moments at which a bridge dies
databases   an SQLite file or a PostgreSQL database that is copied, lost and restored
script      what a seed stands for: orders, faults, lives
play        one run of it
books       what was promised, held against Sculpteo's books, the shop and the database
mutations   the proof that the campaign would notice: each guard removed, one at a time
"""
