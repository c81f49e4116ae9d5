#!/bin/bash
# Records in a PostgreSQL server that this starts: as many there as in the file, none twice, whatever breaks: the server is stopped,
# killed in mid-transaction, says no, has another password, its tables are renamed; Tandem is killed. A server that has not proved
# who it is gets nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pair.sh"
need sipp jq openssl
postgres=$(echo /usr/lib/postgresql/*/bin | tr ' ' '\n' | tail -1)
[[ -x $postgres/initdb ]] || skip "postgresql is not installed"
kills=${KILLS:-5}
RANDOM=${SEED:-1}

# It does not run as root.
as_user=(env)
[[ $(id -u) != 0 ]] || as_user=(setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all env)

start_postgres() {
	"${as_user[@]}" "$postgres/postgres" -D "$lab/pg/data" -p "$port_pg" -k "$lab/pg" -c listen_addresses=127.0.0.1 \
		-c fsync=off -c ssl=on -c ssl_cert_file="$lab/pg/server.pem" -c ssl_key_file="$lab/pg/server.key" \
		>>"$lab/pg.log" 2>&1 &
	pg_pid=$!
	pids+=("$pg_pid")
	wait_for 20 sql 'SELECT 1'
}

stop_postgres() { # INT: in order, QUIT: as if the machine lost power
	kill -"$1" "$pg_pid"
	wait_for 20 is_gone "$pg_pid"
	stop "$pg_pid"
}

sql() { # STATEMENT: as the owner
	psql -X -q -t -A -h "$lab/pg" -p "$port_pg" -U owner -d cdr -c "$1"
}

# Each record of the files is there once, with its line byte for byte.
all_there() {
	cat "$state"/cdr.jsonl.1 "$state/cdr.jsonl" 2>/dev/null | sort >"$lab/lines"
	sql 'SELECT record FROM tandem_records' | sort >"$lab/rows"
	cmp "$lab/lines" "$lab/rows"
}

fails_with() { # PATTERN
	ctl --json status | jq -e --arg why "$1" '.sink.failing and (.sink.why | test($why))' || {
		ctl --json status | jq -c .sink
		return 1
	}
}

conninfo() { # WORD...
	echo "dbname=cdr user=tandem password=secretword $*" >"$lab/sink.conninfo"
	chmod 600 "$lab/sink.conninfo"
}

lab_open
state=$lab/state
port_pg=$((port_spare + 5))
mkdir "$lab/pg"
chmod 755 "$lab"
cp "$lab/certs/pbx1.pem" "$lab/pg/server.pem"
cp "$lab/certs/pbx1.key" "$lab/pg/server.key"
chmod 600 "$lab/pg/server.key"
[[ $(id -u) != 0 ]] || chown -R nobody:nogroup "$lab/pg"
"${as_user[@]}" "$postgres/initdb" -D "$lab/pg/data" -U owner -A trust >"$lab/initdb.log" 2>&1
{
	echo "local all owner trust"
	echo "local all all scram-sha-256"
	echo "hostssl all all 127.0.0.1/32 scram-sha-256"
} >"$lab/pg/data/pg_hba.conf"
sed -i 's/^listen/#&/' "$lab/pg/data/postgresql.conf"
"${as_user[@]}" "$postgres/postgres" --single -D "$lab/pg/data" postgres <<<'CREATE DATABASE cdr' >"$lab/createdb.log" 2>&1
check "PostgreSQL starts" start_postgres
check "its tables are made by the file of the package" psql -X -q -h "$lab/pg" -p "$port_pg" -U owner -d cdr \
	-v ON_ERROR_STOP=1 -f "$srcdir/packaging/postgresql/tandem.sql"
sql "CREATE ROLE tandem LOGIN PASSWORD 'secretword';
	GRANT SELECT, INSERT ON tandem_records TO tandem;
	GRANT SELECT, INSERT, UPDATE ON tandem_records_position TO tandem"

write_conf
printf '%s\n' '[sink]' 'postgresql = sink.conninfo' >>"$lab/tandem.conf"
sed -i 's/^mode = full/mode = off/' "$lab/tandem.conf"
write_pair
start_called

# --- by a Unix socket

conninfo "host=$lab/pg port=$port_pg"
start_tandem
check "a call" one_call -s +49403123
check "its record is there, with all others" wait_for 15 all_there
check "with what is asked by" test "$(sql "SELECT call || ' ' || kind FROM tandem_records WHERE kind = 'call'")" = \
	"$(records | jq -r '.id + " call"')"
check "its hash is that of the tree" test "$(sql "SELECT encode(hash, 'hex') FROM tandem_records WHERE seq = 0")" = \
	"$({
		printf '\0'
		head -1 "$state/cdr.jsonl" | tr -d '\n'
	} | sha256sum | cut -d' ' -f1)"
mv "$state/cdr.jsonl" "$state/cdr.jsonl.1"
check "a call after the file was rotated" one_call -s +49403124
check "it is there" wait_for 15 all_there

# --- the server is away, comes back, says no

stop_postgres INT
check "it is stopped: calls go on" one_call -s +49403125
check "the next record finds out: an alarm" wait_for 20 status_is .sink.failing true
check "the alarm is a metric" prints '^tandem_sink_failing 1' ctl metrics
start_postgres
check "it is back: all is there" wait_for 30 all_there
check "the alarm is over" wait_for 10 status_is .sink.failing false
sql 'ALTER TABLE tandem_records RENAME TO other'
check "a call while the table has another name" one_call -s +49403126
check "which is said" wait_for 20 fails_with 'relation .*tandem_records.* does not exist'
sql 'ALTER TABLE other RENAME TO tandem_records'
check "it has its name again: all is there" wait_for 30 all_there
sql "REVOKE INSERT ON tandem_records FROM tandem"
check "a call without the right to insert" one_call -s +49403127
check "which is said" wait_for 20 fails_with 'permission denied'
sql "GRANT INSERT ON tandem_records TO tandem"
check "with it: all is there" wait_for 30 all_there
sql "ALTER ROLE tandem PASSWORD 'another'" && sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tandem'" \
	>"$lab/terminated"
check "another password" one_call -s +49403128
check "which is said, without the one that we have" wait_for 20 fails_with 'password authentication failed'
sql "ALTER ROLE tandem PASSWORD 'secretword'"
check "the old one: all is there" wait_for 60 all_there
check "no password is in the log" bash -c "! grep -q secretword '$lab/tandem.log'"

# --- killed at moments that a seed draws: its backends, itself, Tandem

for ((i = 0; i < kills; i++)); do
	one_call -s +49403129
	sleep "0.$(printf '%03d' $((RANDOM % 900)))" # the moment, not a wait
	case $((i % 3)) in
	0)
		backend=$(sql "SELECT pid FROM pg_stat_activity WHERE usename = 'tandem'")
		[[ -z $backend ]] || kill -KILL "$backend"
		wait_for 10 sql 'SELECT 1'
		;;
	1)
		stop_postgres QUIT
		start_postgres
		;;
	2)
		disown "$tandem_pid"
		kill -KILL "$tandem_pid"
		wait_for 10 is_gone "$tandem_pid"
		stop "$tandem_pid"
		start_tandem
		;;
	esac
done
check "killed $kills times: as many there as in the file, none twice" wait_for 60 all_there || all_there
sql 'DELETE FROM tandem_records_position'
stop_tandem
start_tandem
check "without its position it reads from the beginning, and doubles none" wait_for 30 all_there
check "the position is set again" wait_for 10 bash -c "
	[[ \$(psql -X -q -t -A -h '$lab/pg' -p '$port_pg' -U owner -d cdr -c 'SELECT next FROM tandem_records_position') == \
		\$(cat '$state'/cdr.jsonl.1 '$state'/cdr.jsonl | wc -l) ]]"
stop_tandem

# --- by TLS

conninfo "host=127.0.0.1 port=$port_pg"
start_tandem
check "in clear, or without knowing to whom: nothing" wait_for 20 fails_with 'sslmode=verify-full'
check "calls go on" one_call -s +49403130
stop_tandem
conninfo "host=pbx1.example.test hostaddr=127.0.0.1 port=$port_pg sslmode=verify-full sslrootcert=$lab/certs/carriers-ca.pem"
start_tandem
check "by an authority that did not certify it: nothing" wait_for 20 fails_with 'certificate verify failed'
stop_tandem
conninfo "host=pbx2.example.test hostaddr=127.0.0.1 port=$port_pg sslmode=verify-full sslrootcert=$lab/certs/enterprise-ca.pem"
start_tandem
check "by another name: nothing" wait_for 20 fails_with 'does not match'
stop_tandem
conninfo "host=pbx1.example.test hostaddr=127.0.0.1 port=$port_pg sslmode=verify-full sslrootcert=$lab/certs/enterprise-ca.pem"
start_tandem
check "it proves who it is: all is there" wait_for 30 all_there
check "a stop waits for nobody" stop_tandem
chmod 644 "$lab/sink.conninfo"
start_tandem
check "a file that others may read is not used" wait_for 20 fails_with 'may be read by others'
check "and calls go on" one_call -s +49403131
stop_tandem
finish
