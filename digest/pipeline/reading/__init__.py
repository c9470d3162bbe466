"""What readers do: sign up, choose, follow, answer, leave."""
