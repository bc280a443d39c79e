-- Times are microseconds since 1970, UTC. Large and rarely read columns come last.

-- +goose Up
CREATE TABLE delivery (
    id          TEXT    NOT NULL PRIMARY KEY,
    source      TEXT    NOT NULL,
    mail_type   TEXT    NOT NULL,
    identity    TEXT    NOT NULL,
    joinable    INTEGER NOT NULL, -- 1 while repeats of the notification belong to this delivery
    sender      TEXT    NOT NULL,
    individual  INTEGER NOT NULL,
    status      TEXT    NOT NULL,
    attempt     INTEGER NOT NULL, -- claims so far; fences what a worker may change
    retries     INTEGER NOT NULL, -- decides the pause before the next attempt
    crashes     INTEGER NOT NULL, -- leases in a row that ran out
    lease_owner TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    due_at      INTEGER NOT NULL, -- when it may be claimed: next attempt, or end of the lease
    expires_at  INTEGER NOT NULL,
    finished_at INTEGER,          -- NULL until it is final
    size        INTEGER NOT NULL,
    subject     TEXT    NOT NULL,
    message_id  TEXT    NOT NULL,
    note        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    message     BLOB              -- NULL once it is final
);
CREATE UNIQUE INDEX delivery_identity ON delivery (source, identity) WHERE joinable = 1;
CREATE INDEX delivery_open ON delivery (source, due_at, id, status, created_at, size) WHERE finished_at IS NULL;
CREATE INDEX delivery_finished ON delivery (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX delivery_created ON delivery (source, created_at, id);

CREATE TABLE recipient (
    delivery_id   TEXT    NOT NULL,
    position      INTEGER NOT NULL,
    address       TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    code          INTEGER NOT NULL,
    enhanced_code TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, position)
) WITHOUT ROWID;

CREATE TABLE attempt (
    delivery_id   TEXT    NOT NULL,
    number        INTEGER NOT NULL,
    began_at      INTEGER NOT NULL,
    duration      INTEGER NOT NULL, -- microseconds
    stage         TEXT    NOT NULL,
    code          INTEGER NOT NULL,
    enhanced_code TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    outcome       TEXT    NOT NULL,
    PRIMARY KEY (delivery_id, number)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE attempt;
DROP TABLE recipient;
DROP TABLE delivery;
