"""How a result is said, listed and drawn: functions that return values and display nothing."""
