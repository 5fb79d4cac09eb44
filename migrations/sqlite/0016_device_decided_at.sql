-- When a person let the device in, or refused it.
ALTER TABLE device_authorizations ADD COLUMN decided_at INTEGER;
