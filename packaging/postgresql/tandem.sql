-- The tables of [sink]: as whoever owns the database, once. The user of the connection needs no more than what is granted
-- below. `table` of [sink] is the first name, without or with a schema; change both where that is another one.

CREATE TABLE tandem_records (
	-- of the line, as it is in the tree of the log (RFC 6962): what tandem-verify proves
	hash bytea PRIMARY KEY,
	-- the name of the log: which server wrote it
	log text NOT NULL,
	-- its number there; null: of a version that gave none
	seq bigint,
	-- call, act, refused, start, ...
	kind text NOT NULL,
	-- the id of the call, where it is of one
	call text,
	-- when the call ended, or the record was written
	ended timestamptz NOT NULL,
	-- the line itself, byte for byte; json and not jsonb, which would change it
	record json NOT NULL
);
CREATE INDEX tandem_records_ended ON tandem_records (ended);
CREATE INDEX tandem_records_call ON tandem_records (call) WHERE call IS NOT NULL;

-- Up to where the rows are, a row each server. Written in the transaction of the rows.
CREATE TABLE tandem_records_position (
	log text PRIMARY KEY,
	file text NOT NULL,
	"begin" bigint NOT NULL,
	"end" bigint NOT NULL,
	line text NOT NULL,
	next bigint NOT NULL,
	written timestamptz NOT NULL
);

-- CREATE ROLE tandem LOGIN PASSWORD '...';
-- GRANT SELECT, INSERT ON tandem_records TO tandem;
-- GRANT SELECT, INSERT, UPDATE ON tandem_records_position TO tandem;
