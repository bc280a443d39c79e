-- Times are microseconds since 1970, UTC, and 0 is none. Durations are microseconds.

-- +goose Up
-- +goose StatementBegin
CREATE TABLE delivery (
    sequence     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           TEXT COLLATE "C" NOT NULL UNIQUE,
    source       TEXT COLLATE "C" NOT NULL,
    mail_type    TEXT COLLATE "C" NOT NULL,
    identity     TEXT COLLATE "C" NOT NULL,
    joinable     BIGINT NOT NULL, -- 1 while repeats of the notification belong to this delivery
    dedupe       BIGINT NOT NULL, -- how long repeats join it once it was sent
    conversation TEXT COLLATE "C" NOT NULL, -- '' is alone
    behind       BIGINT NOT NULL, -- 1 while every pending recipient waits for an earlier mail of the conversation
    sender       TEXT COLLATE "C" NOT NULL,
    individual   BIGINT NOT NULL,
    status       TEXT COLLATE "C" NOT NULL, -- held is not stored: it is queued while its sender is paused
    due_at       BIGINT NOT NULL, -- the next attempt, or the end of the lease
    finished_at  BIGINT,          -- NULL until it is final
    reason       TEXT NOT NULL,
    code         BIGINT NOT NULL DEFAULT 0, -- this and the next two: the reply to the recipients that the end of the delivery decided
    enhanced_code TEXT COLLATE "C" NOT NULL DEFAULT '',
    reply        TEXT NOT NULL DEFAULT '',
    retries      BIGINT NOT NULL, -- decides the pause before the next attempt
    unreachable  BIGINT NOT NULL, -- 1 while no attempt has reached the relay
    uncertain    BIGINT NOT NULL, -- copies sent whose reply was not heard
    lost         BIGINT NOT NULL, -- claims in a row that ended without an outcome after the envelope was begun
    begun        BIGINT NOT NULL, -- 1: this claim has begun the envelope
    owner        TEXT COLLATE "C" NOT NULL, -- the process that has the lease
    attempt      BIGINT NOT NULL, -- claims so far; with the owner it fences what a process may change
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    size         BIGINT NOT NULL,
    subject      TEXT NOT NULL,
    message_id   TEXT NOT NULL,
    note         TEXT NOT NULL,
    closes_at    BIGINT NOT NULL DEFAULT 0, -- of a digest: when its window closes at the latest, then when it closed; 0: it is no digest
    closed       BIGINT NOT NULL DEFAULT 0  -- of a digest: the last delivery that was stored when its window closed; 0: it is open
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
    delivery BIGINT PRIMARY KEY,
    message  BYTEA NOT NULL
);

CREATE TABLE recipient (
    delivery      BIGINT NOT NULL,
    position      BIGINT NOT NULL,
    address       TEXT COLLATE "C" NOT NULL,
    folded        TEXT COLLATE "C" NOT NULL, -- the address in lower case, by which recipients are told apart
    kind          TEXT COLLATE "C" NOT NULL,
    status        TEXT COLLATE "C" NOT NULL DEFAULT 'queued', -- that of the delivery, once this is final
    digest        TEXT COLLATE "C" NOT NULL DEFAULT '', -- the id of the digest that tells this recipient of it
    code          BIGINT NOT NULL DEFAULT 0,
    enhanced_code TEXT COLLATE "C" NOT NULL DEFAULT '',
    text          TEXT NOT NULL DEFAULT '',
    updated_at    BIGINT NOT NULL DEFAULT 0,
    source        TEXT COLLATE "C" NOT NULL, -- this and the next are the delivery's, for the index
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (delivery, position)
) WITH (fillfactor = 70);
CREATE INDEX recipient_address ON recipient (source, folded, created_at, delivery);

CREATE TABLE attempt (
    delivery      BIGINT NOT NULL,
    number        BIGINT NOT NULL,
    began_at      BIGINT NOT NULL,
    duration      BIGINT NOT NULL,
    stage         TEXT COLLATE "C" NOT NULL,
    code          BIGINT NOT NULL,
    enhanced_code TEXT COLLATE "C" NOT NULL,
    text          TEXT NOT NULL,
    outcome       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (delivery, number)
);

-- What a digest tells of a delivery. It is emptied when the digest is final, and removed
-- with it.
CREATE TABLE note (
    digest       BIGINT NOT NULL,
    delivery     BIGINT NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL, -- of the delivery
    body         BYTEA NOT NULL,
    PRIMARY KEY (digest, delivery)
);
CREATE INDEX note_conversation ON note (digest, conversation);

-- A sender that the relay refused.
CREATE TABLE pause (
    source      TEXT COLLATE "C" NOT NULL,
    mail_type   TEXT COLLATE "C" NOT NULL,
    reason      TEXT NOT NULL,
    since       BIGINT NOT NULL,
    settings_at BIGINT NOT NULL, -- when the refused settings were saved
    probe_at    BIGINT NOT NULL,
    backoff     BIGINT NOT NULL, -- before the probe after that
    PRIMARY KEY (source, mail_type)
);

-- A signed request that was carried out.
CREATE TABLE signature (
    hash     TEXT COLLATE "C" NOT NULL,
    bound_to TEXT COLLATE "C" NOT NULL, -- the request, where a key binds its query
    request  TEXT COLLATE "C" NOT NULL, -- the request, where none does
    delivery TEXT COLLATE "C" NOT NULL, -- its id
    ends_at  BIGINT NOT NULL,
    PRIMARY KEY (hash, bound_to)
);

-- How many deliveries became final, by minute and again by hour. Each process has
-- rows of its own, so that none waits for another's transaction.
CREATE TABLE rollup (
    source    TEXT COLLATE "C" NOT NULL,
    span      BIGINT NOT NULL, -- a minute or an hour
    began_at  BIGINT NOT NULL,
    status    TEXT COLLATE "C" NOT NULL,
    mail_type TEXT COLLATE "C" NOT NULL,
    latency   BIGINT NOT NULL, -- milliseconds, rounded down to two digits
    owner     TEXT COLLATE "C" NOT NULL,
    count     BIGINT NOT NULL,
    PRIMARY KEY (source, span, began_at, status, mail_type, latency, owner)
);
-- What the mail of a delivery says of an alert that no earlier mail did: the history
-- of which later mail tells. It is removed with the delivery.
CREATE TABLE alert (
    delivery    BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    hash        BIGINT NOT NULL, -- of the data source, the group and the alert's fingerprint
    starts_at   BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL, -- 0 while it fires
    incident    BIGINT NOT NULL, -- when that began; it names the thread of the mail
    PRIMARY KEY (delivery, position)
);
CREATE INDEX alert_hash ON alert (hash, delivery);
-- +goose StatementEnd
