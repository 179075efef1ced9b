"""What happens at the same time, under many schedules."""
