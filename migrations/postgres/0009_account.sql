-- What happened to one person, in the order in which their own page shows it.
CREATE INDEX audit_events_user_id ON audit_events (user_id, at, id);
