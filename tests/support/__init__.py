"""What tests of several parts stand on: clocks, factories, upstreams in memory, databases.

clocks              a clock that a test turns, and the real one
order_factories     orders, lines and records, as the steps see them
store_factories     orders brought to a state in a real store
catalog_factories   what a shop sells
sandbox_factories   shops, orders and forms for the simulated services
fake_upstreams      a shop and a printer in memory, which keep the truth that a test is judged by
step_player         the real steps on a real store, with those upstreams
http_receiver       a server that keeps what it is sent
postgres            a PostgreSQL of the tests' own
waiting             waiting for what happens in the background
"""
