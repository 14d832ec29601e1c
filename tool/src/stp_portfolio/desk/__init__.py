"""What a person does with a portfolio: check, guard, release, start, upgrade, write, report, import."""
