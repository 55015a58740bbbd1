"""From a description to flat arrays, and the runs over them."""
