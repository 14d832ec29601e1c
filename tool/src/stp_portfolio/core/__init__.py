"""The records and what follows from them: the data contract, its one reader and its one writer."""
