"""Measures models: how often they are right, how fast they answer, how much room they take."""
