-- Version 5. Times are Unix milliseconds. Ids are compared byte by byte.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The evidence log. `bytes` is the leaf exactly; the other columns only find it again. `salts` belongs to
-- payloads that are committed to but not kept: the flush's nonce (16 bytes), then for each its role
-- (1 byte), position (4 bytes, big-endian) and wrapped salt (32 bytes); see log/seal.ts.
CREATE TABLE leaf (
  "index" INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  call TEXT,
  session TEXT,
  function TEXT,
  caller TEXT,
  time_ms INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  salts BLOB,
  -- How long its payloads are kept; null: as the standard class says.
  retention TEXT
) STRICT;

CREATE INDEX leaf_by_call ON leaf (call) WHERE call IS NOT NULL;
CREATE INDEX leaf_by_session ON leaf (session) WHERE session IS NOT NULL;
-- Only heads (intents and denials) have a function or a caller.
CREATE INDEX head_by_function ON leaf (function) WHERE function IS NOT NULL;
CREATE INDEX head_by_caller ON leaf (caller) WHERE caller IS NOT NULL;

-- Costs the other records nothing: SQLite looks only for indexes whose condition holds.
CREATE INDEX activation ON leaf ("index") WHERE type = 'rulebook.activated';

-- Intents without an ending. A crash leaves its calls here.
CREATE TABLE open_call (
  intent INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL
) STRICT;

-- Where each instance's chain stands: the place and the hash of its last leaf.
CREATE TABLE chain (
  instance TEXT PRIMARY KEY,
  boot TEXT NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: the one integrator's fence, and the newest checkpoint (size 0: none yet).
CREATE TABLE publication (
  row INTEGER PRIMARY KEY CHECK (row = 1),
  fence INTEGER NOT NULL,
  holder TEXT NOT NULL,
  size INTEGER NOT NULL,
  note TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;

INSERT INTO publication VALUES (1, 0, '', 0, '', 0);

-- Payloads that are kept. `id` is four times the leaf's index plus the number of the role; `secret` is the
-- wrapped key, see log/seal.ts.
CREATE TABLE payload (
  id INTEGER PRIMARY KEY,
  nonce BLOB NOT NULL,
  position INTEGER NOT NULL,
  secret BLOB NOT NULL,
  box BLOB NOT NULL
) STRICT;

-- Payloads that were destroyed, by the id they had: why, and the index of the record that says so.
CREATE TABLE payload_gone (
  id INTEGER PRIMARY KEY,
  cause TEXT NOT NULL,
  record INTEGER NOT NULL
) STRICT;

-- Where the search for payloads whose time is over goes on, for each retention class.
CREATE TABLE retention (
  class TEXT PRIMARY KEY,
  next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE erasure (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  record INTEGER NOT NULL,
  state TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX erasure_pending ON erasure (record) WHERE state = 'PENDING';

CREATE TABLE session (
  id TEXT PRIMARY KEY,
  caller TEXT NOT NULL,
  on_behalf_of TEXT,
  calls INTEGER NOT NULL,
  first_index INTEGER NOT NULL,
  last_index INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX session_by_activity ON session (last_index);

CREATE TABLE session_label (
  session TEXT NOT NULL,
  label TEXT NOT NULL,
  PRIMARY KEY (session, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE approval (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  digest TEXT NOT NULL,
  state TEXT NOT NULL,
  revision INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX approval_pending ON approval (digest) WHERE state = 'PENDING';
CREATE INDEX approval_by_state ON approval (state);
CREATE INDEX approval_denied ON approval (digest) WHERE state = 'DENIED';

CREATE TABLE clearance (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  revision INTEGER NOT NULL,
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX clearance_by_state ON clearance (state);
CREATE INDEX clearance_by_subject ON clearance (subject);
-- Looked at by every call that policy holds.
CREATE INDEX clearance_standing ON clearance (subject)
  WHERE kind <> 'call' AND state IN ('ISSUED', 'ACTIVE', 'IN_USE');

CREATE TABLE break_glass (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  "by" TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX break_glass_by_person ON break_glass ("by");

CREATE TABLE delegation (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  "from" TEXT NOT NULL,
  "to" TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX delegation_by_end ON delegation (until_ms) WHERE ended_ms IS NULL;
CREATE INDEX delegation_by_person ON delegation ("from") WHERE ended_ms IS NULL;

-- Calls that wait to be made. `request` and `result` are sealed, see store/home/sealed-column.ts.
CREATE TABLE deferral (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  revision INTEGER NOT NULL,
  body TEXT NOT NULL,
  request BLOB,
  result BLOB
) STRICT;

CREATE INDEX deferral_by_state ON deferral (state);

-- Who has to be told what. `due_ms`: when it is sent, or may be taken again. `reference`: the channel's own
-- name for the message.
CREATE TABLE notice (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  channel TEXT NOT NULL,
  about TEXT NOT NULL,
  state TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  reference TEXT,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX notice_due ON notice (due_ms) WHERE state = 'WAITING';
CREATE INDEX notice_given_up ON notice (number) WHERE state = 'GIVEN_UP';
CREATE INDEX notice_settled ON notice (number) WHERE state <> 'WAITING';
CREATE INDEX notice_reference ON notice (about, channel) WHERE reference IS NOT NULL;

CREATE TABLE api_key (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL UNIQUE,
  revoked_at INTEGER,
  body TEXT NOT NULL
) STRICT;

-- Who is refused whatever they present, by the index of the record that says so.
CREATE TABLE principal_lock (
  record INTEGER PRIMARY KEY,
  principal TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL
) STRICT;

-- What the digests in records stand for: canonical JSON, whose SHA-256 is the digest.
CREATE TABLE rulebook (
  digest TEXT PRIMARY KEY,
  content TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Where each grant stands. `changed`: the record that its last change is about.
CREATE TABLE grant_standing (
  id TEXT PRIMARY KEY,
  revision INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  revoked INTEGER NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  content TEXT NOT NULL,
  content_since_ms INTEGER NOT NULL,
  shape TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX grant_standing_by_change ON grant_standing (changed);
CREATE INDEX grant_standing_revoked ON grant_standing (id) WHERE revoked = 1;

-- Intents that named a grant, by days since 1970-01-01.
CREATE TABLE grant_use (
  grant_id TEXT NOT NULL,
  party TEXT NOT NULL,
  function TEXT NOT NULL,
  day INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  PRIMARY KEY (grant_id, day, party, function)
) STRICT, WITHOUT ROWID;

CREATE TABLE timed_grant (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  revision INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  party TEXT NOT NULL,
  ends_ms INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX timed_grant_by_change ON timed_grant (changed);
CREATE INDEX timed_grant_by_party ON timed_grant (party);
CREATE INDEX timed_grant_by_state ON timed_grant (state);

-- Functions that wait, or waited, for their owner.
CREATE TABLE function_hold (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  revision INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX function_hold_by_change ON function_hold (changed);

CREATE TABLE campaign (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  revision INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX campaign_by_state ON campaign (state);

CREATE TABLE review_item (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  campaign TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  state TEXT NOT NULL,
  revision INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX review_item_by_campaign ON review_item (campaign);
CREATE INDEX review_item_by_state ON review_item (campaign, state);
CREATE INDEX review_item_open ON review_item (grant_id)
  WHERE state IN ('UNREVIEWED', 'DECIDED', 'SECOND_LEVEL');

-- Who did which side of a duty rule to which object (a keyed hash), at last.
CREATE TABLE duty_mark (
  rule TEXT NOT NULL,
  object TEXT NOT NULL,
  person TEXT NOT NULL,
  side TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (rule, object, person, side)
) STRICT, WITHOUT ROWID;

CREATE INDEX duty_mark_by_time ON duty_mark (rule, at_ms);
