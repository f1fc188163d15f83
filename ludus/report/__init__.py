"""What a person is shown of a build: a table, a page and the numbers behind them."""
