-- The signatures of the last minutes: each is used once.

-- +goose Up
CREATE TABLE signature (
    hash     TEXT NOT NULL PRIMARY KEY, -- of the signature
    request  TEXT NOT NULL,             -- a hash of the data source and the query it came with
    delivery TEXT NOT NULL,             -- what became of it
    used_at  INTEGER NOT NULL
);
CREATE INDEX signature_used ON signature (used_at);

-- +goose Down
DROP TABLE signature;
