-- A delivery is one row: a storm writes it twice and nothing else. Recipients
-- are an array of JSON objects, attempts one JSON object a line.

-- +goose Up
ALTER TABLE delivery ADD COLUMN away INTEGER NOT NULL DEFAULT 0; -- 1 while the relay was away in each of the retries
ALTER TABLE delivery ADD COLUMN recipients TEXT NOT NULL DEFAULT '[]';
ALTER TABLE delivery ADD COLUMN attempts TEXT NOT NULL DEFAULT '';

UPDATE delivery SET away = 1, retries = -retries WHERE retries < 0;
UPDATE delivery SET
    recipients = (
        SELECT json_group_array(json_object('address', address, 'kind', kind, 'status', status,
            'code', code, 'enhancedCode', enhanced_code, 'text', text, 'updatedAt',
            CASE WHEN updated_at = 0 THEN '0001-01-01T00:00:00Z' ELSE
                strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000000, 'unixepoch') || printf('.%06dZ', updated_at % 1000000) END))
        FROM (SELECT * FROM recipient WHERE delivery_id = delivery.id ORDER BY position)),
    attempts = coalesce((
        SELECT group_concat(json_object('number', number, 'nanoseconds', 1000 * duration, 'stage', stage, 'code', code,
            'enhancedCode', enhanced_code, 'text', text, 'outcome', outcome, 'at',
            strftime('%Y-%m-%dT%H:%M:%S', began_at / 1000000, 'unixepoch') || printf('.%06dZ', began_at % 1000000)) || char(10), '')
        FROM (SELECT * FROM attempt WHERE delivery_id = delivery.id ORDER BY number)), '');

DROP TABLE recipient;
DROP TABLE attempt;
