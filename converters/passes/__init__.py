"""Steps of a conversion: ``Ann -> Ann``, or measurements on one; pure, one per file."""
