-- Locked by whoever takes a name or an address, so that nobody's name becomes another's address.
INSERT INTO counters (name, value) VALUES ('names', 0);
