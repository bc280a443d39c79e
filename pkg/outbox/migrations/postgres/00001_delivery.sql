-- Times are microseconds since 1970, UTC. Large and rarely read columns come last.

-- +goose Up
CREATE TABLE delivery (
    id          TEXT COLLATE "C"    NOT NULL PRIMARY KEY,
    source      TEXT    NOT NULL,
    mail_type   TEXT    NOT NULL,
    identity    TEXT    NOT NULL,
    joinable    BIGINT NOT NULL, -- 1 while repeats of the notification belong to this delivery
    sender      TEXT    NOT NULL,
    individual  BIGINT NOT NULL,
    status      TEXT    NOT NULL,
    attempt     BIGINT NOT NULL, -- claims so far; fences what a worker may change
    retries     BIGINT NOT NULL, -- decides the pause before the next attempt
    crashes     BIGINT NOT NULL, -- leases in a row that ran out
    lease_owner TEXT    NOT NULL,
    created_at  BIGINT NOT NULL,
    due_at      BIGINT NOT NULL, -- when it may be claimed: next attempt, or end of the lease
    expires_at  BIGINT NOT NULL,
    finished_at BIGINT,          -- NULL until it is final
    size        BIGINT NOT NULL,
    subject     TEXT    NOT NULL,
    message_id  TEXT    NOT NULL,
    note        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    message     BYTEA             -- NULL once it is final
);
CREATE UNIQUE INDEX delivery_identity ON delivery (source, identity) WHERE joinable = 1;
CREATE INDEX delivery_open ON delivery (source, due_at, id, status, created_at, size) WHERE finished_at IS NULL;
CREATE INDEX delivery_finished ON delivery (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX delivery_created ON delivery (source, created_at, id);

CREATE TABLE recipient (
    delivery_id   TEXT COLLATE "C"    NOT NULL,
    position      BIGINT NOT NULL,
    address       TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    code          BIGINT NOT NULL,
    enhanced_code TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (delivery_id, position)
);

CREATE TABLE attempt (
    delivery_id   TEXT COLLATE "C"    NOT NULL,
    number        BIGINT NOT NULL,
    began_at      BIGINT NOT NULL,
    duration      BIGINT NOT NULL, -- microseconds
    stage         TEXT    NOT NULL,
    code          BIGINT NOT NULL,
    enhanced_code TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    outcome       TEXT    NOT NULL,
    PRIMARY KEY (delivery_id, number)
);

-- +goose Down
DROP TABLE attempt;
DROP TABLE recipient;
DROP TABLE delivery;
