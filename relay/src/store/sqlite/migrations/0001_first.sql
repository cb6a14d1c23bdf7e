-- Ids and versions are 64-bit integers, times milliseconds UTC, JSON is text. What a message writes at once is only appended
-- (event, message, seen); rows that lie at random follow in sorted slices, and head says how far (merge.rs).
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), log TEXT NOT NULL, floor INTEGER NOT NULL,
    settled INTEGER NOT NULL, indexed INTEGER NOT NULL, named INTEGER NOT NULL, hashed INTEGER NOT NULL);

-- prev: the event before it in the same chat; deadline: the chat's after it.
CREATE TABLE event (seq INTEGER PRIMARY KEY, chat INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL,
    kind TEXT NOT NULL, shape INTEGER NOT NULL, mark INTEGER NOT NULL, prev INTEGER, deadline INTEGER, body TEXT NOT NULL);

CREATE TABLE chat (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, shape INTEGER NOT NULL, channel TEXT NOT NULL,
    visitor INTEGER NOT NULL, stage TEXT NOT NULL, owner TEXT, department TEXT, waiting_since INTEGER, last_at INTEGER NOT NULL,
    deadline INTEGER, number INTEGER NOT NULL, last_seq INTEGER NOT NULL, state TEXT NOT NULL);
CREATE UNIQUE INDEX chat_open ON chat (channel, visitor) WHERE stage <> 'closed';
CREATE INDEX chat_of_visitor ON chat (visitor);
CREATE INDEX chat_closed ON chat (last_at) WHERE stage IN ('closed', 'closed_by_operator');
CREATE INDEX chat_number ON chat (number);
CREATE INDEX chat_block_ends ON chat (deadline) WHERE stage = 'closed' AND deadline IS NOT NULL;

CREATE TABLE visitor (id INTEGER PRIMARY KEY, channel TEXT NOT NULL, platform_id TEXT NOT NULL, profile TEXT NOT NULL,
    erased_at INTEGER);
CREATE UNIQUE INDEX visitor_name ON visitor (channel, platform_id);

CREATE TABLE message (place INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, chat INTEGER NOT NULL, seq INTEGER NOT NULL,
    channel TEXT NOT NULL, platform_id TEXT);
CREATE TABLE message_name (hash INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (hash, place)) WITHOUT ROWID;

-- What became of a message since: original words are for few (IN-09).
CREATE TABLE revision (message INTEGER PRIMARY KEY, last_edit INTEGER NOT NULL, deleted INTEGER NOT NULL);

CREATE TABLE seen (place INTEGER PRIMARY KEY, key TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE TABLE seen_key (hash INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (hash, place)) WITHOUT ROWID;

CREATE TABLE outbox (id INTEGER PRIMARY KEY, chat INTEGER NOT NULL, channel TEXT NOT NULL, place INTEGER NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
    doubtful INTEGER NOT NULL DEFAULT 0, not_before INTEGER NOT NULL, window_ends INTEGER, token INTEGER NOT NULL DEFAULT 0,
    started_at INTEGER, error TEXT);
CREATE INDEX outbox_due ON outbox (channel, not_before) WHERE state = 'due';
CREATE INDEX outbox_turn ON outbox (chat, place) WHERE state IN ('due', 'sending');
CREATE INDEX outbox_begun ON outbox (channel, token) WHERE state = 'sending';

CREATE TABLE lease (name TEXT PRIMARY KEY, owner TEXT NOT NULL, token INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE attachment (id INTEGER PRIMARY KEY, chat INTEGER NOT NULL, message INTEGER NOT NULL, name TEXT, mime TEXT,
    size INTEGER, sha256 BLOB, place TEXT, state TEXT NOT NULL);
CREATE INDEX attachment_of_chat ON attachment (chat);

CREATE TABLE block (visitor INTEGER PRIMARY KEY, channel TEXT NOT NULL, platform_id TEXT NOT NULL, name TEXT NOT NULL,
    chat INTEGER NOT NULL, operator TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER, reason TEXT NOT NULL,
    dropped INTEGER NOT NULL DEFAULT 0);
CREATE TABLE session (hash BLOB PRIMARY KEY, operator TEXT NOT NULL, created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, used_at INTEGER NOT NULL, address TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE draft (operator TEXT NOT NULL, chat INTEGER NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (operator, chat)) WITHOUT ROWID;
CREATE TABLE template (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE unread (id INTEGER PRIMARY KEY, channel TEXT NOT NULL, at INTEGER NOT NULL, reason TEXT NOT NULL, body BLOB NOT NULL);
CREATE VIRTUAL TABLE search USING fts5 (terms, content = '', contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 0');
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
