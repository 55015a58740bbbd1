"""All compiled code. It knows flat arrays and small integer kinds, nothing of networks."""
