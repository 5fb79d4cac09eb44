-- When the person proved here who they are, where they signed in elsewhere before that; NULL is at auth_time.
ALTER TABLE sessions ADD COLUMN proved_at BIGINT;
