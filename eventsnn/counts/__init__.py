"""What a run did, in exact integers, and what other tools would call it."""
