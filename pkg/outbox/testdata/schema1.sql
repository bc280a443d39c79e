-- What an outbox of schema 1 left behind: a queued mail, one whose process died, and a log line.
INSERT INTO delivery (id, source, mail_type, identity, joinable, sender, individual, status, attempt, retries, crashes, lease_owner,
    created_at, due_at, expires_at, finished_at, size, subject, message_id, note, reason, message)
VALUES
('01900000-0000-7000-8000-000000000001', '1/mail', 'normal', 'queued', 1, 'alerts@example.com', 0, 'queued', 1, -1, 0, '',
    1772366400000000, 1772366405000000, 1772452800000000, NULL, 1, 'Queued', 'q@example.com', '', 'try later', 'x'),
('01900000-0000-7000-8000-000000000002', '1/mail', 'normal', 'sending', 1, 'alerts@example.com', 0, 'sending', 1, 0, 0, 'dead',
    1772366400000000, 1772366410000000, 1772452800000000, NULL, 1, 'Sending', 's@example.com', '', '', 'y'),
('01900000-0000-7000-8000-000000000003', '1/mail', 'normal', 'sent', 1, 'alerts@example.com', 0, 'sent', 1, 0, 0, '',
    1772366400000000, 4611686018427387904, 1772452800000000, 1772366401000000, 1, 'Sent', 't@example.com', '', 'accepted', NULL);
INSERT INTO recipient (delivery_id, position, address, kind, status, code, enhanced_code, text, updated_at)
VALUES
('01900000-0000-7000-8000-000000000001', 0, 'a@example.com', 'to', 'queued', 451, '', 'try later', 1772366400000000),
('01900000-0000-7000-8000-000000000002', 0, 'a@example.com', 'to', 'queued', 0, '', '', 0),
('01900000-0000-7000-8000-000000000003', 0, 'a@example.com', 'to', 'sent', 250, '', 'accepted', 1772366401000000);
INSERT INTO attempt (delivery_id, number, began_at, duration, stage, code, enhanced_code, text, outcome)
VALUES
('01900000-0000-7000-8000-000000000003', 2, 1772366400500000, 250000, 'message', 250, '2.0.0', 'accepted', 'sent'),
('01900000-0000-7000-8000-000000000003', 1, 1772366400000001, 30, 'greeting', 421, '', 'say "later"', 'queued');
