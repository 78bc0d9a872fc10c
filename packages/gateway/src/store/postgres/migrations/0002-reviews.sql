-- Grants, their reviews, functions that wait for their owner, and separated duties.

-- Where each grant stands. `changed`: the record that its last change is about.
CREATE TABLE grant_standing (
  id text COLLATE "C" PRIMARY KEY,
  revision bigint NOT NULL,
  changed bigint NOT NULL,
  -- 1 or 0.
  revoked smallint NOT NULL,
  first_seen_ms bigint NOT NULL,
  content text COLLATE "C" NOT NULL,
  content_since_ms bigint NOT NULL,
  shape text COLLATE "C" NOT NULL DEFAULT '',
  body text COLLATE "C" NOT NULL
);
CREATE INDEX grant_standing_by_change ON grant_standing (changed);
CREATE INDEX grant_standing_revoked ON grant_standing (id) WHERE revoked = 1;

-- Intents that named a grant, by days since 1970-01-01.
CREATE TABLE grant_use (
  grant_id text COLLATE "C" NOT NULL,
  party text COLLATE "C" NOT NULL,
  function text COLLATE "C" NOT NULL,
  day bigint NOT NULL,
  calls bigint NOT NULL,
  last_ms bigint NOT NULL,
  PRIMARY KEY (grant_id, day, party, function)
);

CREATE TABLE timed_grant (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  state text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  changed bigint NOT NULL,
  party text COLLATE "C" NOT NULL,
  ends_ms bigint NOT NULL,
  body text COLLATE "C" NOT NULL
);
CREATE INDEX timed_grant_by_change ON timed_grant (changed);
CREATE INDEX timed_grant_by_party ON timed_grant (party, number);
CREATE INDEX timed_grant_by_state ON timed_grant (state, number);

-- Functions that wait, or waited, for their owner.
CREATE TABLE function_hold (
  id text COLLATE "C" PRIMARY KEY,
  state text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  changed bigint NOT NULL,
  body text COLLATE "C" NOT NULL
);
CREATE INDEX function_hold_by_change ON function_hold (changed);

CREATE TABLE campaign (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  state text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  body text COLLATE "C" NOT NULL
);
CREATE INDEX campaign_by_state ON campaign (state, number);

CREATE TABLE review_item (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  campaign text COLLATE "C" NOT NULL,
  grant_id text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  body text COLLATE "C" NOT NULL
);
CREATE INDEX review_item_by_campaign ON review_item (campaign, number);
CREATE INDEX review_item_by_state ON review_item (campaign, state, number);
CREATE INDEX review_item_open ON review_item (grant_id, number)
  WHERE state IN ('UNREVIEWED', 'DECIDED', 'SECOND_LEVEL');

-- Who did which side of a duty rule to which object (a keyed hash), at last.
CREATE TABLE duty_mark (
  rule text COLLATE "C" NOT NULL,
  object text COLLATE "C" NOT NULL,
  person text COLLATE "C" NOT NULL,
  side text COLLATE "C" NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (rule, object, person, side)
);
CREATE INDEX duty_mark_by_time ON duty_mark (rule, at_ms);

-- Notices can wait for months; those that were told are found without them.
CREATE INDEX notice_settled ON notice (number) WHERE state <> 'WAITING';
