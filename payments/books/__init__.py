"""Our side of money: what is owed, planned and booked. Nothing here calls the payment provider."""
