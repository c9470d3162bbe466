"""What would be sent: to whoever asks, by the code that sends."""
