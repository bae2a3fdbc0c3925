-- A history file of schema version 1 as the first release wrote it, cut down to a few columns, with
-- one column that the field table has since lost. Never edit this file: files like it exist.
PRAGMA application_id = 0x43576869;
PRAGMA user_version = 1;
CREATE TABLE pack (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE sample (
  time_ms INTEGER NOT NULL,  -- Unix time, UTC
  pack INTEGER NOT NULL REFERENCES pack (id),
  PRIMARY KEY (time_ms, pack)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
  id INTEGER PRIMARY KEY,         -- the order in which things happened
  time_ms INTEGER NOT NULL,       -- Unix time, UTC; may step
  monotonic_ms INTEGER NOT NULL,  -- since the machine started; never steps
  pack INTEGER REFERENCES pack (id),  -- NULL: the gateway itself
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  value_counts INTEGER,
  limit_counts INTEGER,
  counts_per_unit INTEGER NOT NULL,
  unit TEXT NOT NULL,
  place INTEGER,  -- cell or sensor, from 1
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_time ON event (time_ms);
ALTER TABLE sample ADD COLUMN voltage_mV INTEGER;
ALTER TABLE sample ADD COLUMN long_forgotten_mV INTEGER;
ALTER TABLE sample ADD COLUMN cell_voltage_01_mV INTEGER;
CREATE VIEW samples AS SELECT time_ms, voltage_mV / 1000.0 AS voltage_V FROM sample;
INSERT INTO pack VALUES (1, 'pack-1'), (2, 'attic');
INSERT INTO sample VALUES
  (1735689600000, 1, 52100, 7, 3251),
  (1735689600000, 2, 26400, NULL, NULL),
  (1735689610000, 1, 52110, 8, 3252);
INSERT INTO event VALUES
  (1, 1735689600000, 5000, NULL, 'started', 'cellwarden', NULL, NULL, 1, '', NULL, ''),
  (2, 1735689605000, 10000, 1, 'alarm_raised', 'cell_overvoltage', 3661, 3650, 1000, 'V', 7, 'x');
