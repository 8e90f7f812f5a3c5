"""How the SDK brings what it recorded to the server, out of the host's way: encoding, queue, disk and network."""
