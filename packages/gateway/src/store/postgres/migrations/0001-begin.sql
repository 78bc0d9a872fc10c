-- Times are Unix milliseconds. The database compares text byte by byte: its encoding has to be UTF-8, and the
-- collation of every column is "C".

CREATE TABLE meta (
  name text COLLATE "C" PRIMARY KEY,
  value text COLLATE "C" NOT NULL
);

-- One row, locked by every transaction that writes: the order in which they lock it is the order of the log.
CREATE TABLE head (
  row smallint PRIMARY KEY CHECK (row = 1),
  -- Leaves stored: the index of the next one.
  size bigint NOT NULL,
  -- Grows with every lock and unlock of a principal, so that an instance knows when to look again.
  locks_revision bigint NOT NULL
);
INSERT INTO head VALUES (1, 0, 0);

-- The evidence log. `bytes` is the leaf exactly; the other columns only find it again. `salts`: see
-- store/home/payload-rows.ts.
CREATE TABLE leaf (
  "index" bigint PRIMARY KEY,
  type text COLLATE "C" NOT NULL,
  call text COLLATE "C",
  session text COLLATE "C",
  function text COLLATE "C",
  caller text COLLATE "C",
  bytes bytea NOT NULL,
  salts bytea,
  -- How long its payloads are kept; null: as the standard class says.
  retention text COLLATE "C"
);
CREATE INDEX leaf_by_call ON leaf (call, "index") WHERE call IS NOT NULL;
CREATE INDEX leaf_by_session ON leaf (session, "index") WHERE session IS NOT NULL;
-- Only heads (intents and denials) have a function or a caller.
CREATE INDEX head_by_function ON leaf (function, "index") WHERE function IS NOT NULL;
CREATE INDEX head_by_caller ON leaf (caller, "index") WHERE caller IS NOT NULL;
CREATE INDEX head_by_index ON leaf ("index") WHERE type IN ('call.authorized', 'call.denied');
CREATE INDEX activation ON leaf ("index") WHERE type = 'rulebook.activated';

-- Every gateway that ever wrote here, by its name: where its chain stands, and whether it lives.
CREATE TABLE instance (
  name text COLLATE "C" PRIMARY KEY,
  -- Of the advisory lock that its process holds for as long as it lives.
  lock_key bigint NOT NULL,
  -- HMAC of the name under the key-encryption key: only who has that can join.
  mac bytea NOT NULL,
  -- Its last leaf; null before its first.
  boot text COLLATE "C",
  seq bigint,
  hash text COLLATE "C",
  -- By the database's clock: its last transaction.
  seen_at timestamptz NOT NULL DEFAULT now()
);

-- Intents without an ending. A crash leaves its calls here.
CREATE TABLE open_call (
  intent bigint PRIMARY KEY,
  instance text COLLATE "C" NOT NULL,
  time_ms bigint NOT NULL
);

-- One row: the one integrator's fence and lease, and the newest checkpoint (size 0: none yet).
CREATE TABLE publication (
  row smallint PRIMARY KEY CHECK (row = 1),
  fence bigint NOT NULL,
  holder text COLLATE "C" NOT NULL,
  instance text COLLATE "C" NOT NULL,
  -- By the database's clock: until then nobody else gets it.
  leased_until timestamptz NOT NULL,
  size bigint NOT NULL,
  note text COLLATE "C" NOT NULL,
  at_ms bigint NOT NULL
);
INSERT INTO publication VALUES (1, 0, '', '', '-infinity', 0, '', 0);

-- Payloads that are kept. `id`, `nonce`, `position` and `secret`: see store/home/payload-rows.ts, log/seal.ts.
CREATE TABLE payload (
  id bigint PRIMARY KEY,
  nonce bytea NOT NULL,
  position integer NOT NULL,
  secret bytea NOT NULL,
  box bytea NOT NULL
);
-- It is encrypted: compressing it only takes time.
ALTER TABLE payload ALTER COLUMN box SET STORAGE EXTERNAL;

-- Payloads that were destroyed, by the id they had: why, and the index of the record that says so.
CREATE TABLE payload_gone (
  id bigint PRIMARY KEY,
  cause text COLLATE "C" NOT NULL,
  record bigint NOT NULL
);

-- Where the search for payloads whose time is over goes on, for each retention class.
CREATE TABLE retention (
  class text COLLATE "C" PRIMARY KEY,
  next bigint NOT NULL
);

CREATE TABLE erasure (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  record bigint NOT NULL,
  state text COLLATE "C" NOT NULL,
  body text COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX erasure_pending ON erasure (record) WHERE state = 'PENDING';

CREATE TABLE session (
  id text COLLATE "C" PRIMARY KEY,
  caller text COLLATE "C" NOT NULL,
  on_behalf_of text COLLATE "C",
  calls bigint NOT NULL,
  first_index bigint NOT NULL,
  last_index bigint NOT NULL,
  started_ms bigint NOT NULL,
  last_ms bigint NOT NULL
);
CREATE INDEX session_by_activity ON session (last_index);

CREATE TABLE approval (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  digest text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  body text COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX approval_pending ON approval (digest) WHERE state = 'PENDING';
CREATE INDEX approval_by_state ON approval (state, number);
CREATE INDEX approval_denied ON approval (digest, number) WHERE state = 'DENIED';

CREATE TABLE clearance (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  state text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  subject text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  body text COLLATE "C" NOT NULL
);
CREATE INDEX clearance_by_state ON clearance (state, number);
CREATE INDEX clearance_by_subject ON clearance (subject, number);
-- Looked at by every call that policy holds.
CREATE INDEX clearance_standing ON clearance (subject, number)
  WHERE kind <> 'call' AND state IN ('ISSUED', 'ACTIVE', 'IN_USE');

CREATE TABLE break_glass (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  revision bigint NOT NULL,
  "by" text COLLATE "C" NOT NULL,
  body text COLLATE "C" NOT NULL
);
CREATE INDEX break_glass_by_person ON break_glass ("by", number);

CREATE TABLE delegation (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  "from" text COLLATE "C" NOT NULL,
  "to" text COLLATE "C" NOT NULL,
  until_ms bigint NOT NULL,
  ended_ms bigint,
  body text COLLATE "C" NOT NULL
);
CREATE INDEX delegation_by_end ON delegation (until_ms) WHERE ended_ms IS NULL;
CREATE INDEX delegation_by_person ON delegation ("from") WHERE ended_ms IS NULL;

-- Calls that wait to be made. `request` and `result` are sealed, see store/home/sealed-column.ts.
CREATE TABLE deferral (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  state text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  body text COLLATE "C" NOT NULL,
  request bytea,
  result bytea
);
CREATE INDEX deferral_by_state ON deferral (state, number);

-- Who has to be told what. `due_ms`: when it is sent, or may be taken again. `reference`: the channel's own
-- name for the message.
CREATE TABLE notice (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  channel text COLLATE "C" NOT NULL,
  about text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  due_ms bigint NOT NULL,
  attempts integer NOT NULL,
  reference text COLLATE "C",
  body text COLLATE "C" NOT NULL
);
CREATE INDEX notice_due ON notice (due_ms, number) WHERE state = 'WAITING';
CREATE INDEX notice_given_up ON notice (number) WHERE state = 'GIVEN_UP';
CREATE INDEX notice_reference ON notice (about, channel, number) WHERE reference IS NOT NULL;

CREATE TABLE api_key (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  hash text COLLATE "C" NOT NULL UNIQUE,
  revoked_at bigint,
  body text COLLATE "C" NOT NULL
);

-- Who is refused whatever they present, by the index of the record that says so.
CREATE TABLE principal_lock (
  record bigint PRIMARY KEY,
  principal text COLLATE "C" NOT NULL UNIQUE,
  body text COLLATE "C" NOT NULL
);

-- What the digests in records stand for: canonical JSON, whose SHA-256 is the digest.
CREATE TABLE rulebook (
  digest text COLLATE "C" PRIMARY KEY,
  content text COLLATE "C" NOT NULL
);
