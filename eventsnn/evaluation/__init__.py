"""Data sets through a network: answers after every tick, and operations."""
