-- A delivery is one row: a storm writes it twice and nothing else. Recipients
-- are an array of JSON objects, attempts one JSON object a line.

-- +goose Up
ALTER TABLE delivery
    ADD COLUMN away BIGINT NOT NULL DEFAULT 0, -- 1 while the relay was away in each of the retries
    ADD COLUMN recipients TEXT NOT NULL DEFAULT '[]',
    ADD COLUMN attempts TEXT NOT NULL DEFAULT '';

UPDATE delivery SET away = 1, retries = -retries WHERE retries < 0;
UPDATE delivery SET
    recipients = coalesce((
        SELECT jsonb_agg(jsonb_build_object('address', address, 'kind', kind, 'status', status,
            'code', code, 'enhancedCode', enhanced_code, 'text', text, 'updatedAt',
            CASE WHEN updated_at = 0 THEN '0001-01-01T00:00:00Z' ELSE
                to_char(to_timestamp(updated_at / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.') || lpad((updated_at % 1000000)::text, 6, '0') || 'Z' END)
            ORDER BY position)::text
        FROM recipient WHERE delivery_id = delivery.id), '[]'),
    attempts = coalesce((
        SELECT string_agg(jsonb_build_object('number', number, 'nanoseconds', 1000 * duration, 'stage', stage, 'code', code,
            'enhancedCode', enhanced_code, 'text', text, 'outcome', outcome, 'at',
            to_char(to_timestamp(began_at / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.') || lpad((began_at % 1000000)::text, 6, '0') || 'Z')::text
            || E'\n', '' ORDER BY number)
        FROM attempt WHERE delivery_id = delivery.id), '');

DROP TABLE recipient;
DROP TABLE attempt;
