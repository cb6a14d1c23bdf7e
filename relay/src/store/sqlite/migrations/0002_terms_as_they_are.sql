-- The index takes terms as the analyser left them: its former tokenizer split off the vowel signs of Hindi, Thai and others.
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5 (terms, content = '', contentless_delete = 1, tokenize = 'ascii');
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
UPDATE head SET indexed = floor;
