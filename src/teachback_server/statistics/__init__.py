"""Every formula by which Teachback decides or shows something: pure functions over numbers, nothing of the product."""
