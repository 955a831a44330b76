"""What the report sums up of an experiment, before its tables: a module of the experiment's name with `tables(results)`."""
