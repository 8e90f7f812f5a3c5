"""What `bench/sdk.py` measures against."""
