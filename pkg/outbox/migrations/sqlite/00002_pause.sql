-- A sender that the relay refused.

-- +goose Up
CREATE TABLE pause (
    source      TEXT    NOT NULL,
    mail_type   TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    since       INTEGER NOT NULL,
    settings_at INTEGER NOT NULL, -- when the refused settings were saved
    probe_at    INTEGER NOT NULL,
    backoff     INTEGER NOT NULL, -- microseconds
    PRIMARY KEY (source, mail_type)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE pause;
