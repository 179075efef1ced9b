"""Messages between the user and the partner of a ride."""
