#!/usr/bin/env bash
# The old bot's customers, from a real PostgreSQL: its tables are made and filled (every kind of customer by hand, and
# a crowd by number), exported by \copy, imported by the given binary, and every wallet is held against SQL. Then its
# welcome bonus is taken back from whom SQL says it may be.
#
#     tests/oldbot.sh BINARY [CUSTOMERS [ROWS [SECONDS [MEGABYTES]]]]
#
# Needs Debian's `postgresql` and `time`. Fails if the import takes longer, or more memory, than it may.
set -euo pipefail

binary=$(realpath "${1:?which samovar}")
readme=$(realpath "$(dirname "$0")/../README.md")
customers=${2:-100000}
rows=${3:-1000000}
seconds=${4:-60}
megabytes=${5:-300}

say() { printf '== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
same() { [ "$2" = "$3" ] || fail "$1: SQL says $2, samovar says $3"; printf '   %s: %s\n' "$1" "$2"; }

bin=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || fail 'PostgreSQL is missing: apt-get install postgresql'
[ -x /usr/bin/time ] || fail '/usr/bin/time is missing: apt-get install time'
bin=$(dirname "$bin")

home=$(mktemp -d)
chmod 755 "$home"
mkdir "$home/old" "$home/csv"
# PostgreSQL does not run as root.
as=()
if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$home/old"
    as=(setpriv --reuid postgres --regid postgres --clear-groups env HOME="$home/old")
fi
stop() {
    "${as[@]}" "$bin/pg_ctl" -D "$home/old/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$home"
}
trap stop EXIT

say 'a PostgreSQL of our own'
cd "$home"
"${as[@]}" "$bin/initdb" -D "$home/old/data" -A trust -U postgres --no-sync -E UTF8 --locale C >/dev/null
"${as[@]}" "$bin/pg_ctl" -D "$home/old/data" -w -l "$home/old/log" \
    -o "-c listen_addresses='' -c unix_socket_directories='$home/old' -c fsync=off -c timezone=UTC" start >/dev/null
sql() { "$bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$home/old" -U postgres -tA "$@"; }

say "the old bot's tables: $customers customers, $rows rows of the ledger"
sql -v customers="$customers" -v rows="$rows" <<'SQL'
CREATE TABLE users (
    user_id bigint PRIMARY KEY, username text, first_name text, role text NOT NULL DEFAULT 'user', locale text,
    created_at timestamp NOT NULL DEFAULT now(), last_seen_at timestamp, metadata jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE wallets (
    user_id bigint PRIMARY KEY, balance_rub numeric(12,2) NOT NULL DEFAULT 0,
    hold_rub numeric(12,2) NOT NULL DEFAULT 0, updated_at timestamp NOT NULL DEFAULT now()
);
CREATE TABLE ledger (
    id bigserial PRIMARY KEY, user_id bigint NOT NULL, kind text NOT NULL, amount_rub numeric(12,2) NOT NULL,
    status text NOT NULL, ref text, meta jsonb NOT NULL DEFAULT '{}', created_at timestamp NOT NULL DEFAULT now()
);
CREATE TABLE jobs (
    id bigserial PRIMARY KEY, user_id bigint NOT NULL, model_id text NOT NULL, category text, input_json jsonb,
    price_rub numeric(12,2), status text NOT NULL, kie_task_id text, kie_status text, result_json jsonb,
    error_text text, idempotency_key text, created_at timestamp NOT NULL DEFAULT now(), updated_at timestamp,
    finished_at timestamp
);
DO $$ BEGIN PERFORM setseed(0.42); END $$;

-- By hand, one kind of customer each; the crowd comes after them.
INSERT INTO users (user_id, username, first_name, role, locale, created_at, metadata)
SELECT id, 'name_' || id, 'Имя, "' || id || E'"\nвторая строка', CASE id WHEN 3 THEN 'banned' WHEN 4 THEN 'admin' ELSE 'user' END,
    CASE WHEN id % 3 = 0 THEN 'en' ELSE 'ru' END, timestamp '2024-01-01' + id * interval '1 minute',
    CASE WHEN id = 3 THEN '{"ban_reason": "спам"}' WHEN id = 2 THEN '{"referrer_id": 1}' ELSE '{}' END::jsonb
FROM generate_series(1, 19) id WHERE id <> 7;
INSERT INTO wallets (user_id, balance_rub, hold_rub, updated_at)
SELECT id, balance, hold, timestamp '2024-02-01' FROM (VALUES
    (1, 200, 0), (2, 200, 0), (3, 200, 0), (4, 150, 50), (5, 200, 0), (6, 190, 0), (7, 210, 0), (8, 77.77, 0),
    (9, 0, 0), (10, 200, 0), (11, 200, 0), (12, 195, 0), (13, 200, 0), (14, 5.05, 0), (15, 9999999999.99, 0)
) AS wallet (id, balance, hold);
INSERT INTO ledger (user_id, kind, amount_rub, status, ref, created_at) VALUES
    (1, 'topup', 200, 'done', 'welcome_1', '2024-01-01 10:00:00.123456'),  -- a bonus and nothing else
    (2, 'topup', 200, 'done', 'welcomeX1', '2024-01-02'),                  -- no welcome ref
    (3, 'topup', 200, 'done', NULL, '2024-01-03'),                         -- a top-up without a ref
    (4, 'topup', 200, 'done', 'welcome_4', '2024-01-04'),                  -- an open hold
    (4, 'hold', 50, 'done', 'job_1', '2024-01-04'),
    -- 5 has money and no rows
    (6, 'topup', 200, 'done', 'welcome:6', '2024-01-06'),                  -- adds up to 200, has 190
    (7, 'topup', 210, 'done', 'welcome_7', '2024-01-07'),                  -- no row among the users
    (8, 'topup', 100, 'done', 'photo, "of" a receipt', '2024-01-08'),
    (8, 'charge', 22.23, 'done', 'job_2', '2024-01-08'),
    (9, 'charge', 10, 'done', NULL, '2024-01-09'),                         -- below zero on its way
    (9, 'topup', 10, 'done', NULL, '2024-01-09'),
    (10, 'topup', 200, 'done', 'welcome_10', '2024-01-10'),
    (10, 'topup', 500, 'failed', NULL, '2024-01-10'),                      -- never done, so it counts for nothing
    (11, 'topup', 200, 'done', 'welcome_11', '2024-01-11'),                -- a real top-up beside it
    (11, 'topup', 100, 'done', 'receipt', '2024-01-11'),
    (11, 'charge', 100, 'done', 'job_3', '2024-01-11'),
    (12, 'topup', 200, 'done', 'welcome_12', '2024-01-12'),                -- an adjust, whose sign nobody knows
    (12, 'adjust', 5, 'done', 'sorry', '2024-01-12'),
    (13, 'topup', 200, 'done', 'Welcome_13', '2024-01-13'),                -- another word
    (14, 'topup', 10, 'done', NULL, '2024-01-14'),
    (14, 'charge', 10, 'done', 'job_4', '2024-01-14'),
    (14, 'refund', 5.05, 'done', 'job_4', '2024-01-14'),
    (15, 'topup', 9999999999.99, 'done', NULL, '2024-01-15');
INSERT INTO jobs (user_id, model_id, category, input_json, price_rub, status, created_at)
SELECT 8, 'z-image', 'text-to-image', jsonb_build_object('prompt', E'a, "b"\n' || repeat('c', 2000)), 0.76, 'done', '2024-01-08'
FROM generate_series(1, 20);

-- The crowd: a third has the bonus alone, the others buy and pay; of some the wallet does not follow.
INSERT INTO users (user_id, username, first_name, locale, created_at, last_seen_at)
SELECT 1000 + n, 'user_' || n, 'Customer ' || n, 'ru', timestamp '2024-01-01' + n * interval '3 minutes', timestamp '2025-01-01'
FROM generate_series(1, :customers) n;
INSERT INTO ledger (user_id, kind, amount_rub, status, ref, created_at)
SELECT 1000 + n, 'topup', 200, 'done', 'welcome_' || (1000 + n), timestamp '2024-01-01' + n * interval '3 minutes'
FROM generate_series(1, :customers) n WHERE n % 2 = 0;
INSERT INTO ledger (user_id, kind, amount_rub, status, ref, created_at)
SELECT user_id,
    (ARRAY['topup', 'charge', 'charge', 'hold', 'release', 'refund', 'adjust'])[1 + floor(dice * 7)::int],
    round((dice * 40)::numeric, 2) + 0.01,
    (ARRAY['done', 'done', 'done', 'done', 'failed', 'cancelled'])[1 + floor(random() * 6)::int],
    CASE WHEN n % 3 = 0 THEN NULL ELSE 'job_' || n END, timestamp '2024-06-01' + n * interval '10 seconds'
FROM (
    SELECT n, random() AS dice, 1001 + 3 * floor(random() * (:customers / 3))::bigint AS user_id
    FROM generate_series(1, greatest(0, :rows - (SELECT count(*) FROM ledger))) n
) AS thrown;
INSERT INTO wallets (user_id, balance_rub, hold_rub, updated_at)
SELECT user_id, greatest(0, coalesce(sum, 0) + CASE WHEN user_id % 97 = 0 THEN 3.33 ELSE 0 END),
    CASE WHEN user_id % 101 = 0 THEN 1.5 ELSE 0 END, timestamp '2025-01-01'
FROM users LEFT JOIN (
    SELECT user_id, sum(CASE WHEN kind IN ('topup', 'refund') THEN amount_rub WHEN kind = 'charge' THEN -amount_rub ELSE 0 END)
    FROM ledger WHERE status = 'done' GROUP BY user_id
) AS sums USING (user_id) WHERE user_id > 1000;

CREATE VIEW targets AS SELECT user_id, balance_rub + hold_rub AS target FROM wallets;
CREATE VIEW candidates AS
SELECT user_id, target FROM targets WHERE target BETWEEN 190 AND 210
    AND EXISTS (SELECT FROM ledger WHERE ledger.user_id = targets.user_id AND status = 'done')
    AND NOT EXISTS (
        SELECT FROM ledger WHERE ledger.user_id = targets.user_id AND status = 'done'
        AND (kind <> 'topup' OR coalesce(left(ref, 8), '') NOT IN ('welcome_', 'welcome:'))
    );
SQL

say "exported by the README's own command"
export DATABASE_URL="host=$home/old user=postgres"
psql() { "$bin/psql" -X -q -v ON_ERROR_STOP=1 "$@"; }
cd "$home/csv"
exporting=$(sed -n '/^for table in users/,/^done$/p' "$readme")
[ -n "$exporting" ] || fail 'the README does not say how to export'
eval "$exporting"
wc -lc "$home"/csv/*.csv | sed 's/^/   /'

export DATA_DIR="$home/data"
samovar() { "$binary" --config /dev/null "$@"; }
# The value of a field of a document on one line.
field() { sed -E "s/.*\"$1\":\"?([^\",}]*).*/\\1/" <<<"$2"; }
audit() { [[ $(samovar audit --json) == '{"ok":true'* ]] || fail 'the audit'; }

say 'imported'
report=$(/usr/bin/time -f '%e %U %M' -o "$home/measured" "$binary" --config /dev/null import --from "$home/csv" --json)
read -r took busy kilobytes <"$home/measured"
printf '   in %s s (%s s of work), with %s MB of memory at most\n' "$took" "$busy" "$((kilobytes / 1024))"
same 'customers' "$(sql -c 'SELECT count(*) FROM (SELECT user_id FROM users UNION SELECT user_id FROM wallets) AS all_of_them')" "$(field customers "$report")"
same 'roubles in all wallets' "$(sql -c 'SELECT sum(target) FROM targets')" "$(field balance "$report")"
same 'roubles released' "$(sql -c 'SELECT sum(hold_rub)::numeric(14,2) FROM wallets')" "$(field released "$report")"
same 'rows kept as history' "$(sql -c "SELECT count(*) FROM ledger WHERE status = 'done'")" "$(field history "$report")"
same 'rows not done' "$(sql -c "SELECT count(*) FROM ledger WHERE status <> 'done'")" "$(field not_done "$report")"
audit
(( ${took%.*} < seconds )) || fail "it took $took s, more than $seconds"
(( kilobytes / 1024 < megabytes )) || fail "it took $((kilobytes / 1024)) MB, more than $megabytes"

say 'wallet by wallet: those made by hand, and some of the crowd'
sql -F ' ' -c 'SELECT user_id, target FROM targets WHERE user_id < 1000 OR user_id % 9973 = 0 ORDER BY 1' >"$home/expected"
while read -r user target; do
    found=$(field available "$(samovar wallet show "$user" --limit 0 --json)")
    [ "$found" = "$target" ] || fail "wallet $user: SQL says $target, samovar says $found"
done <"$home/expected"
printf '   %s wallets hold what they held\n' "$(wc -l <"$home/expected")"

say 'imported a second time'
before=$(samovar audit --json)
same 'new customers' 0 "$(field customers "$(samovar import --from "$home/csv" --json)")"
[ "$before" = "$(samovar audit --json)" ] || fail 'the second run changed something'

say 'the welcome bonus: looked at, taken, taken again'
count=$(sql -c 'SELECT count(*) FROM candidates')
total=$(sql -c 'SELECT coalesce(sum(target), 0)::numeric(14,2) FROM candidates')
looked=$(samovar migrate-balances --json)
same 'candidates' "$count" "$(grep -o '"since"' <<<"$looked" | wc -l)"
same 'roubles of theirs' "$total" "$(field total "$looked")"
[ "$before" = "$(samovar audit --json)" ] || fail 'looking changed something'
/usr/bin/time -f '   in %e s, with %M kB of memory' "$binary" --config /dev/null migrate-balances --confirm --json >"$home/taken"
same 'taken' "$count" "$(field done "$(cat "$home/taken")")"
grep -o '"user":[0-9]*' "$home/taken" | cut -d: -f2 | sort >"$home/from"
sql -c 'SELECT user_id FROM candidates' | sort | cmp - "$home/from" || fail 'it was taken from others'
same 'taken again' 0 "$(field done "$(samovar migrate-balances --confirm --json)")"
audit
say "all of it is as SQL says"
