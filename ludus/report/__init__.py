"""The report of a build: a table, a page and the numbers behind them."""
