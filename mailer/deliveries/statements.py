"""The statements of the hot path. Each changes states and tells the events in one commit.

Their plans are asserted by a test on a table that was filled a second before: index scans only.
"""

from mailer.deliveries.states import CLAIMABLE, FINAL, sql_states

CLAIM = f"""
WITH share AS (
  SELECT s.id, o.priority, o.rendition_id, o.from_address, o.doubt_policy, s.n
  FROM unnest(%(dispatches)s::int[], %(limits)s::int[]) AS s(id, n)
  JOIN dispatches o ON o.id = s.id AND o.state = 'sending'
), due AS (
  SELECT d.id, share.rendition_id, share.from_address, share.doubt_policy
  FROM share CROSS JOIN LATERAL (
    SELECT id FROM deliveries
    WHERE dispatch_id = share.id
      AND state IN ({sql_states(CLAIMABLE)}) AND due_at <= now()
    ORDER BY due_at, id LIMIT share.n FOR UPDATE SKIP LOCKED
  ) d
), claimed AS (
  UPDATE deliveries d
  SET state_before = d.state, state = 'claimed', owner = %(owner)s,
      lease_until = now() + %(lease)s, fence = d.fence + 1
  FROM due WHERE d.id = due.id
  RETURNING d.id, d.dispatch_id, due.rendition_id, d.address, d.normalised, d.message_id,
            d.credited, d.fence, d.attempts, due.from_address,
            due.doubt_policy = 'hold' AS doubt_held, d.state_before
), told AS (
  INSERT INTO events (kind, delivery_id, actor, data)
  SELECT 'claimed', id, %(actor)s, jsonb_build_object('fence', fence) FROM claimed
), counted AS (
  INSERT INTO delivery_counts AS c (dispatch_id, state, lane, n)
  SELECT dispatch_id, state, %(lane)s, sum(n) FROM (
    SELECT dispatch_id, state_before AS state, -count(*) AS n FROM claimed GROUP BY 1, 2
    UNION ALL SELECT dispatch_id, 'claimed', count(*) FROM claimed GROUP BY 1
  ) AS change GROUP BY 1, 2
  ON CONFLICT (dispatch_id, state, lane) DO UPDATE SET n = c.n + excluded.n
)
SELECT id, dispatch_id, rendition_id, address, normalised, message_id, credited, fence, attempts,
  from_address, doubt_held, EXISTS (
    SELECT FROM suppressions s WHERE s.address = claimed.normalised AND s.lifted_at IS NULL
    AND (s.until IS NULL OR s.until > now())
  ) AS suppressed
FROM claimed
"""

RECORD = f"""
WITH result AS (
  SELECT * FROM unnest(
    %(id)s::bigint[], %(fence)s::int[], %(state)s::text[], %(cause)s::text[],
    %(due_at)s::timestamptz[], %(tried)s::bool[], %(started_at)s::timestamptz[],
    %(finished_at)s::timestamptz[], %(outcome)s::text[], %(stage)s::text[], %(code)s::int[],
    %(status)s::text[], %(reply)s::text[], %(server)s::text[], %(tls)s::bool[])
  AS r(id, fence, state, cause, due_at, tried, started_at, finished_at, outcome, stage, code,
       status, reply, server, tls)
  -- A batch whose commit was cut off is stored again; what did commit is not told twice.
  WHERE NOT EXISTS (
    SELECT FROM attempts a WHERE %(again)s
      AND a.delivery_id = r.id AND a.fence = r.fence AND a.at = r.started_at)
), done AS (
  UPDATE deliveries d
  SET state_before = d.state, state = r.state, owner = NULL, lease_until = NULL,
      due_at = r.due_at, attempts = d.attempts + r.tried::int,
      last_code = CASE WHEN r.tried THEN r.code ELSE d.last_code END,
      last_status = CASE WHEN r.tried THEN r.status ELSE d.last_status END,
      last_reply = CASE WHEN r.tried THEN r.reply ELSE d.last_reply END,
      accepted_at = CASE WHEN r.state = 'accepted' THEN r.finished_at ELSE d.accepted_at END,
      finished_at = CASE WHEN r.state IN ({sql_states(FINAL)})
        THEN coalesce(r.finished_at, now()) END
  FROM result r
  WHERE d.id = r.id AND d.fence = r.fence AND d.owner = %(owner)s AND d.state = 'claimed'
  RETURNING d.id, d.dispatch_id, d.state
), kept AS (
  INSERT INTO attempts (at, finished_at, delivery_id, fence, outcome, stage, code, status, reply,
                        server, tls, stale)
  SELECT r.started_at, r.finished_at, r.id, r.fence, r.outcome, r.stage, r.code, r.status, r.reply,
         r.server, r.tls, done.id IS NULL
  FROM result r LEFT JOIN done ON done.id = r.id WHERE r.tried
), told AS (
  INSERT INTO events (kind, delivery_id, actor, data)
  SELECT CASE WHEN done.id IS NULL THEN 'stale-result' ELSE r.cause END, r.id, %(actor)s,
         jsonb_strip_nulls(jsonb_build_object('fence', r.fence, 'outcome', r.outcome,
           'code', r.code, 'status', r.status, 'reply', r.reply, 'due_at', r.due_at))
  FROM result r LEFT JOIN done ON done.id = r.id
  -- Where nothing was tried, a late result is no evidence of anything.
  WHERE r.tried OR done.id IS NOT NULL
), counted AS (
  INSERT INTO delivery_counts AS c (dispatch_id, state, lane, n)
  SELECT dispatch_id, state, %(lane)s, sum(n) FROM (
    SELECT dispatch_id, 'claimed' AS state, -count(*) AS n FROM done GROUP BY 1
    UNION ALL SELECT dispatch_id, state, count(*) FROM done GROUP BY 1, 2
  ) AS change GROUP BY 1, 2
  ON CONFLICT (dispatch_id, state, lane) DO UPDATE SET n = c.n + excluded.n
)
SELECT id FROM done
"""

RELEASE = """
WITH released AS (
  UPDATE deliveries d
  SET state = d.state_before, state_before = 'claimed', owner = NULL, lease_until = NULL
  FROM unnest(%(id)s::bigint[], %(fence)s::int[]) AS r(id, fence)
  WHERE d.id = r.id AND d.fence = r.fence AND d.owner = %(owner)s AND d.state = 'claimed'
  RETURNING d.id, d.dispatch_id, d.state, d.fence
), told AS (
  INSERT INTO events (kind, delivery_id, actor, data)
  SELECT 'released', id, %(actor)s, jsonb_build_object('fence', fence) FROM released
), counted AS (
  INSERT INTO delivery_counts AS c (dispatch_id, state, lane, n)
  SELECT dispatch_id, state, %(lane)s, sum(n) FROM (
    SELECT dispatch_id, 'claimed' AS state, -count(*) AS n FROM released GROUP BY 1
    UNION ALL SELECT dispatch_id, state, count(*) FROM released GROUP BY 1, 2
  ) AS change GROUP BY 1, 2
  ON CONFLICT (dispatch_id, state, lane) DO UPDATE SET n = c.n + excluded.n
)
SELECT id FROM released
"""

RENEW = """
UPDATE deliveries d SET lease_until = now() + %(lease)s
FROM unnest(%(id)s::bigint[], %(fence)s::int[]) AS r(id, fence)
WHERE d.id = r.id AND d.fence = r.fence AND d.owner = %(owner)s AND d.state = 'claimed'
RETURNING d.id
"""

OPEN_DISPATCHES = f"""
SELECT o.id, o.priority FROM dispatches o
WHERE o.state = 'sending' AND EXISTS (
  SELECT FROM deliveries d
  WHERE d.dispatch_id = o.id AND d.state IN ({sql_states(CLAIMABLE)}) AND d.due_at <= now())
ORDER BY o.priority, o.id
"""
