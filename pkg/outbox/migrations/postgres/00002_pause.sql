-- A sender that the relay refused.

-- +goose Up
CREATE TABLE pause (
    source      TEXT    NOT NULL,
    mail_type   TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    since       BIGINT NOT NULL,
    settings_at BIGINT NOT NULL, -- when the refused settings were saved
    probe_at    BIGINT NOT NULL,
    backoff     BIGINT NOT NULL, -- microseconds
    PRIMARY KEY (source, mail_type)
);

-- +goose Down
DROP TABLE pause;
