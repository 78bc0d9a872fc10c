-- What the calls of a session have brought into it.
CREATE TABLE session_label (
  session text COLLATE "C" NOT NULL,
  label text COLLATE "C" NOT NULL,
  PRIMARY KEY (session, label)
);
