-- Files are fetched and kept. Nothing was ever written to the table of before.
DROP TABLE attachment;
CREATE TABLE attachment (id INTEGER PRIMARY KEY, chat INTEGER NOT NULL, message INTEGER, channel TEXT NOT NULL,
    source TEXT NOT NULL, kept TEXT, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, not_before INTEGER NOT NULL,
    at INTEGER NOT NULL);
CREATE INDEX attachment_of_chat ON attachment (chat);
CREATE INDEX attachment_due ON attachment (channel, not_before) WHERE state = 'due';
CREATE INDEX attachment_kept ON attachment (at) WHERE state = 'kept';
CREATE INDEX attachment_unwanted ON attachment (id) WHERE state = 'unwanted';
