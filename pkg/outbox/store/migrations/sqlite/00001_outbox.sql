-- Times are microseconds since 1970, UTC, and 0 is none. Durations are microseconds.

-- +goose Up
-- +goose StatementBegin
CREATE TABLE delivery (
    sequence     INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    source       TEXT NOT NULL,
    mail_type    TEXT NOT NULL,
    identity     TEXT NOT NULL,
    joinable     INTEGER NOT NULL, -- 1 while repeats of the notification belong to this delivery
    dedupe       INTEGER NOT NULL, -- how long repeats join it once it was sent
    conversation TEXT NOT NULL, -- '' is alone
    behind       INTEGER NOT NULL, -- 1 while every pending recipient waits for an earlier mail of the conversation
    sender       TEXT NOT NULL,
    individual   INTEGER NOT NULL,
    status       TEXT NOT NULL, -- held is not stored: it is queued while its sender is paused
    due_at       INTEGER NOT NULL, -- the next attempt, or the end of the lease
    finished_at  INTEGER,          -- NULL until it is final
    reason       TEXT NOT NULL,
    code         INTEGER NOT NULL DEFAULT 0, -- this and the next two: the reply to the recipients that the end of the delivery decided
    enhanced_code TEXT NOT NULL DEFAULT '',
    reply        TEXT NOT NULL DEFAULT '',
    retries      INTEGER NOT NULL, -- decides the pause before the next attempt
    unreachable  INTEGER NOT NULL, -- 1 while no attempt has reached the relay
    uncertain    INTEGER NOT NULL, -- copies sent whose reply was not heard
    lost         INTEGER NOT NULL, -- claims in a row that ended without an outcome after the envelope was begun
    begun        INTEGER NOT NULL, -- 1: this claim has begun the envelope
    owner        TEXT NOT NULL, -- the process that has the lease
    attempt      INTEGER NOT NULL, -- claims so far; with the owner it fences what a process may change
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    size         INTEGER NOT NULL,
    subject      TEXT NOT NULL,
    message_id   TEXT NOT NULL,
    note         TEXT NOT NULL,
    closes_at    INTEGER NOT NULL DEFAULT 0, -- of a digest: when its window closes at the latest, then when it closed; 0: it is no digest
    closed       INTEGER NOT NULL DEFAULT 0  -- of a digest: the last delivery that was stored when its window closed; 0: it is open
);
CREATE UNIQUE INDEX delivery_identity ON delivery (source, identity) WHERE joinable = 1;
-- What is not final: by turn, and everything that Depth tells.
CREATE INDEX delivery_open ON delivery (source, mail_type, behind, due_at, sequence, status, created_at, size, closes_at) WHERE finished_at IS NULL;
CREATE INDEX delivery_conversation ON delivery (conversation, sequence) WHERE finished_at IS NULL AND conversation <> '';
CREATE INDEX delivery_untried ON delivery (source, mail_type, behind, sequence) WHERE finished_at IS NULL AND status = 'queued' AND attempt = 0;
CREATE INDEX delivery_unreachable ON delivery (source, mail_type, behind, sequence) WHERE finished_at IS NULL AND status = 'queued' AND unreachable = 1;
CREATE INDEX delivery_lost ON delivery (source, mail_type, behind, due_at) WHERE finished_at IS NULL AND lost > 0;
CREATE INDEX delivery_behind ON delivery (source, conversation, sequence) WHERE finished_at IS NULL AND behind = 1;
CREATE INDEX delivery_digest ON delivery (source, closed) WHERE finished_at IS NULL AND closes_at > 0;
-- The log, the newest first.
CREATE INDEX delivery_final ON delivery (source, status, mail_type, created_at, sequence) WHERE finished_at IS NOT NULL;
CREATE INDEX delivery_finished ON delivery (finished_at) WHERE finished_at IS NOT NULL;

-- The composed mail of a delivery that is not final, or what a digest is made with. Beside the delivery, whose rows
-- would be spread over as many pages as the mails need.
CREATE TABLE mail (
    delivery INTEGER PRIMARY KEY,
    message  BLOB NOT NULL
);

CREATE TABLE recipient (
    delivery      INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    address       TEXT NOT NULL,
    folded        TEXT NOT NULL, -- the address in lower case, by which recipients are told apart
    kind          TEXT NOT NULL,
    status        TEXT NOT NULL DEFAULT 'queued', -- that of the delivery, once this is final
    digest        TEXT NOT NULL DEFAULT '', -- the id of the digest that tells this recipient of it
    code          INTEGER NOT NULL DEFAULT 0,
    enhanced_code TEXT NOT NULL DEFAULT '',
    text          TEXT NOT NULL DEFAULT '',
    updated_at    INTEGER NOT NULL DEFAULT 0,
    source        TEXT NOT NULL, -- this and the next are the delivery's, for the index
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (delivery, position)
) WITHOUT ROWID;
CREATE INDEX recipient_address ON recipient (source, folded, created_at, delivery);

CREATE TABLE attempt (
    delivery      INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    began_at      INTEGER NOT NULL,
    duration      INTEGER NOT NULL,
    stage         TEXT NOT NULL,
    code          INTEGER NOT NULL,
    enhanced_code TEXT NOT NULL,
    text          TEXT NOT NULL,
    outcome       TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
) WITHOUT ROWID;

-- What a digest tells of a delivery. It is emptied when the digest is final, and removed
-- with it.
CREATE TABLE note (
    digest       INTEGER NOT NULL,
    delivery     INTEGER NOT NULL,
    conversation TEXT NOT NULL, -- of the delivery
    body         BLOB NOT NULL,
    PRIMARY KEY (digest, delivery)
);
CREATE INDEX note_conversation ON note (digest, conversation);

-- A sender that the relay refused.
CREATE TABLE pause (
    source      TEXT NOT NULL,
    mail_type   TEXT NOT NULL,
    reason      TEXT NOT NULL,
    since       INTEGER NOT NULL,
    settings_at INTEGER NOT NULL, -- when the refused settings were saved
    probe_at    INTEGER NOT NULL,
    backoff     INTEGER NOT NULL, -- before the probe after that
    PRIMARY KEY (source, mail_type)
) WITHOUT ROWID;

-- A signed request that was carried out.
CREATE TABLE signature (
    hash     TEXT NOT NULL,
    bound_to TEXT NOT NULL, -- the request, where a key binds its query
    request  TEXT NOT NULL, -- the request, where none does
    delivery TEXT NOT NULL, -- its id
    ends_at  INTEGER NOT NULL,
    PRIMARY KEY (hash, bound_to)
) WITHOUT ROWID;

-- How many deliveries became final, by minute and again by hour. Each process has
-- rows of its own, so that none waits for another's transaction.
CREATE TABLE rollup (
    source    TEXT NOT NULL,
    span      INTEGER NOT NULL, -- a minute or an hour
    began_at  INTEGER NOT NULL,
    status    TEXT NOT NULL,
    mail_type TEXT NOT NULL,
    latency   INTEGER NOT NULL, -- milliseconds, rounded down to two digits
    owner     TEXT NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (source, span, began_at, status, mail_type, latency, owner)
) WITHOUT ROWID;
-- What the mail of a delivery says of an alert that no earlier mail did: the history
-- of which later mail tells. It is removed with the delivery.
CREATE TABLE alert (
    delivery    INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    hash        INTEGER NOT NULL, -- of the data source, the group and the alert's fingerprint
    starts_at   INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL, -- 0 while it fires
    incident    INTEGER NOT NULL, -- when that began; it names the thread of the mail
    PRIMARY KEY (delivery, position)
) WITHOUT ROWID;
CREATE INDEX alert_hash ON alert (hash, delivery);
-- +goose StatementEnd
