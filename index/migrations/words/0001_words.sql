-- One row a paragraph of the generation; rowid is the paragraph's row in it. Terms are cut before they come here, so the
-- tokenizer has only blanks to find.

CREATE VIRTUAL TABLE words USING fts5 (title, body, tokenize = 'unicode61 remove_diacritics 0');
