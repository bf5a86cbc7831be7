#!/usr/bin/env bash
# The package on a Debian of its own, with a systemd of its own: installed, set up, sold under its unit's
# restrictions, restarted while somebody calls, hung, backed up, upgraded, removed, purged; the money stays.
#
# Usage, as root: tests/package.sh [binary]   (else target/dist/samovar, target/release/samovar or target/debug/samovar)
# It wants cargo-deb (`cargo install cargo-deb --locked`), debootstrap and systemd-container. The machine is made
# once and kept in target/machine/base; each run works on a copy in memory.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly WORK=$PWD/target/machine
readonly BASE=$WORK/base
readonly UNITS=(samovar.service samovar.socket samovar-backup.service samovar-backup.timer)
readonly PORT=18080

fail() {
    echo "✗ $*" >&2
    if [ -n "${leader:-}" ]; then inside journalctl --no-pager -n 40 -o cat >&2 || true; fi
    exit 1
}

holds() {
    local what=$1
    shift
    "$@" >"$WORK/said" 2>&1 || fail "$what: $* said: $(tail -n 15 "$WORK/said")"
    printf "✓ %3d s  %s\n" "$SECONDS" "$what"
}

what_is_missing() {
    [ "$(id -u)" -eq 0 ] || fail 'a machine of its own is started by root alone'
    command -v debootstrap >/dev/null || fail 'debootstrap is missing: apt-get install debootstrap'
    command -v systemd-nspawn >/dev/null || fail 'systemd-nspawn is missing: apt-get install systemd-container'
    cargo deb --version >/dev/null 2>&1 || fail 'cargo-deb is missing: cargo install cargo-deb --locked'
}

find_binary() {
    local found
    for found in "$@" target/dist/samovar target/release/samovar target/debug/samovar; do
        if [ -x "$found" ]; then
            binary=$found
            return
        fi
    done
    fail 'there is no binary to package: cargo build --release'
}

# A .deb of the version given, of the binary as it is.
build() {
    CARGO_TARGET_DIR=$WORK/build cargo deb --quiet --no-build --no-strip --fast --compress-system \
        --deb-version "$1" --output "$WORK/mnt/$2"
}

build_packages() {
    mkdir -p "$WORK/build/dist" "$WORK/mnt"
    strip -o "$WORK/build/dist/samovar" "$binary"
    build 0.0.1 old.deb
    build 0.0.2 new.deb
}

# From where this machine's own packages come.
make_base() {
    if [ -e "$BASE/complete" ]; then return; fi
    local code mirror
    code=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(apt-get indextargets --format '$(SITE)' "Codename: $code" 'Component: main' 'Created-By: Packages' | sed -n 1p)
    rm -rf "$BASE"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus "$code" "$BASE" "$mirror" >"$WORK/debootstrap.log"
    touch "$BASE/complete"
}

# Runs a command on the machine.
inside() { nsenter -t "$leader" -m -u -i -n -p -C -- "$@"; }

shut_down() {
    if [ -n "${leader:-}" ]; then kill -RTMIN+4 "$leader" 2>/dev/null || true; fi
    if [ -n "${nspawn:-}" ]; then wait "$nspawn" 2>/dev/null || true; fi
}

boot() {
    trap shut_down EXIT
    systemd-nspawn --quiet --directory="$BASE" --volatile=overlay --boot --register=no --keep-unit \
        --console=pipe --machine=samovar-test --bind-ro="$WORK/mnt:/mnt" >"$WORK/console.log" 2>&1 </dev/null &
    nspawn=$!
    local tries
    for tries in $(seq 100); do
        leader=$(pgrep -P "$nspawn" | sed -n 1p) || leader=
        if [ -n "$leader" ] && inside systemctl is-system-running --quiet --wait 2>/dev/null; then return; fi
        sleep 0.2
    done
    fail "the machine does not start after $tries tries: $(tail -n 5 "$WORK/console.log")"
}

# What a command prints has to match, whatever it ends with. All of it is read first: with `| grep -q` the command
# may die of the pipe that grep has left, and the match is lost.
prints() {
    local said
    said=$(inside "${@:2}" 2>&1) || true
    printf '%s\n' "$said"
    grep -qE "$1" <<<"$said"
}

has_balance() { prints "has ${1/./\\.} ₽ to spend" samovar wallet show 4242; }
state_is() { [ "$(inside systemctl show -P "$2" "$1")" = "$3" ]; }
logs_fields() { prints '"ADDRESS"' journalctl -u samovar BY=LISTEN -o json --no-pager; }
main_pid() { inside systemctl show -P MainPID samovar; }

wait_for() {
    local tries
    for tries in $(seq 100); do
        if "$@"; then return; fi
        sleep 0.1
    done
    echo "not after $tries tries: $*"
    return 1
}

answers() {
    local status
    exec 9<>"/dev/tcp/127.0.0.1/$PORT" || return 1
    printf 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' >&9
    read -r -t 20 status <&9 || return 1
    exec 9>&-
    [[ $status == *' 200 '* ]]
}

# Telegram is out of reach on purpose: the service has to be up all the same.
set_up() {
    inside sh -c "umask 077 && cd /root && echo 4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa >token && echo a-key-of-nobody >key &&
        samovar init --offline --telegram-api-url http://127.0.0.1:9 --token-file token --kie-key-file key --admin 900 &&
        printf '%s\n' 'LISTEN = \"127.0.0.1:$PORT\"' 'ADMIN_LISTEN = \"127.0.0.1:0\"' 'LOG_FORMAT = \"journald\"' >>/etc/samovar/samovar.toml"
}

# The token in a place of its own.
keep_the_token_apart() {
    inside sh -c "sed -i 's/^TELEGRAM_BOT_TOKEN = .*//' /etc/samovar/samovar.toml
        install -D -m 600 /root/token /etc/credstore/TELEGRAM_BOT_TOKEN"
}

# The process as the kernel sees it.
is_confined() {
    local status
    status=$(cat "/proc/$(host_pid)/status")
    grep -qP '^CapEff:\t0+$' <<<"$status" && grep -qP '^CapBnd:\t0+$' <<<"$status" &&
        grep -qP '^NoNewPrivs:\t1$' <<<"$status" && grep -qP '^Seccomp:\t2$' <<<"$status" &&
        ! grep -qP '^Uid:\t0\t' <<<"$status"
}

# The service's process among those of this machine.
host_pid() {
    local pid
    for pid in $(pgrep -x samovar); do
        if grep -qP "^NSpid:.*\t$(main_pid)\$" "/proc/$pid/status"; then echo "$pid"; fi
    done
}

# Its directory is its user's, and below one that nobody else may enter.
data_is_private() {
    [ "$(inside stat -c '%a %u' /var/lib/private/samovar)" = "700 $(inside stat -c %u "/proc/$(main_pid)")" ] &&
        [ "$(inside stat -c '%a %u' /var/lib/private)" = '700 0' ] &&
        [ "$(inside find /var/lib/private/samovar -not -uid "$(inside stat -c %u "/proc/$(main_pid)")")" = '' ]
}

# The whole demo, Telegram and KIE included, by the unit's own lines but for what it starts.
sells_under_the_unit() {
    inside sh -c "sed -e 's/^Type=.*/Type=oneshot/' -e 's/^ExecStart=.*/ExecStart=samovar demo --script/' \
        -e '/^WatchdogSec=/d' -e '/^Restart/d' -e '/^StartLimit/d' \
        /usr/lib/systemd/system/samovar.service >/run/systemd/system/samovar-sale.service
        systemctl daemon-reload && systemctl start samovar-sale && journalctl -u samovar-sale -o cat --no-pager" |
        grep -E 'All [0-9]+ expectations held'
}

# Calls without a pause while it restarts; each is answered.
calls_through_a_restart() {
    local before calls=0
    before=$(main_pid)
    inside systemctl restart samovar &
    local restart=$!
    while kill -0 "$restart" 2>/dev/null || [ "$calls" -lt 20 ]; do
        answers || return 1
        calls=$((calls + 1))
    done
    wait "$restart"
    [ "$before" != "$(main_pid)" ]
}

is_another_than() { [ "$(main_pid)" != "$1" ] && state_is samovar ActiveState active; }

# Two seconds in place of two minutes, so that nobody waits.
comes_back_when_it_hangs() {
    inside sh -c "mkdir -p /run/systemd/system/samovar.service.d
        printf '[Service]\nWatchdogSec=2\n' >/run/systemd/system/samovar.service.d/quick.conf
        systemctl daemon-reload && systemctl restart samovar"
    local before
    before=$(main_pid)
    inside kill -STOP "$before"
    wait_for is_another_than "$before"
    inside sh -c 'rm -r /run/systemd/system/samovar.service.d && systemctl daemon-reload && systemctl restart samovar'
}

install_and_sell() {
    holds 'it installs' inside dpkg -i /mnt/old.deb
    holds 'its settings are for root alone' test "$(inside stat -c '%a %U' /etc/samovar/samovar.toml)" = '600 root'
    holds 'nothing is started before it is set up' state_is samovar ActiveState inactive
    holds 'its units are sound' inside systemd-analyze verify "${UNITS[@]/#//usr/lib/systemd/system/}"
    holds 'its settings are filled in' set_up
    holds 'and are for root alone as before' test "$(inside stat -c '%a %U' /etc/samovar/samovar.toml)" = '600 root'
    holds 'root gives money before the first start' inside samovar wallet credit 4242 100 --reason 'a transfer'
    holds 'it starts, though Telegram is out of reach' inside systemctl enable --now samovar
    holds 'it says how it is' wait_for prints 'Telegram has not answered' systemctl show -P StatusText samovar
    # It ends with 1 while nothing is sold.
    holds 'and to a probe' prints 'Telegram has not answered' samovar healthcheck
    holds 'what it logs are fields of the journal' wait_for logs_fields
    # Telegram is out of reach, so the doctor's exit code is 1.
    holds 'its unit has a good score' prints '^ok +systemd .* exposure is 1\.' samovar doctor
    holds 'no rights, no new ones, a filter of calls, not root' is_confined
    holds 'its data is its own' data_is_private
    holds 'root finds the money through the running service' has_balance 100.00
    holds 'it sells under the restrictions of its unit' sells_under_the_unit
}

keep_running() {
    holds 'it comes back when it hangs' comes_back_when_it_hangs
    inside sh -c "mkdir -p /etc/systemd/system/samovar.socket.d
        printf '[Socket]\nListenStream=\nListenStream=$PORT\n' >/etc/systemd/system/samovar.socket.d/port.conf
        systemctl daemon-reload && systemctl stop samovar"
    holds 'systemd takes the port' inside systemctl enable --now samovar.socket
    holds 'and gives it to the service' inside systemctl start samovar
    holds 'who calls while it restarts is answered' calls_through_a_restart
}

back_up() {
    holds 'a backup of the running service, and a look into it' inside systemctl start samovar-backup
    inside systemctl stop samovar.socket samovar
    holds 'the same when nothing runs' inside systemctl start samovar-backup
    inside systemctl start samovar.socket samovar
    holds 'the data still is its own' data_is_private
    holds 'the timer waits' inside systemctl enable --now samovar-backup.timer
}

upgrade_and_remove() {
    local before
    before=$(main_pid)
    holds 'it upgrades' inside dpkg -i /mnt/new.deb
    holds 'and runs anew' wait_for is_another_than "$before"
    holds 'with the settings there were' inside grep -q a-key-of-nobody /etc/samovar/samovar.toml
    holds 'and the money' has_balance 100.00
    holds 'it goes' inside dpkg -r samovar
    holds 'and nothing of it runs' state_is samovar ActiveState inactive
    holds 'the ledger stays' inside test -s /var/lib/samovar/samovar.redb
    holds 'it is purged' inside dpkg -P samovar
    holds 'settings and links are gone' inside sh -c '! ls /etc/samovar /etc/systemd/system/*/samovar* 2>/dev/null'
    holds 'the ledger stays even so' inside test -s /var/lib/samovar/samovar.redb
    holds 'it comes again' inside dpkg -i /mnt/new.deb
    holds 'its settings are filled in again' set_up
    holds 'with the token in a place of its own' keep_the_token_apart
    holds 'starts on what was there' inside systemctl start samovar
    holds 'and the money is there' has_balance 100.00
    holds 'the books are right' inside samovar audit
}

what_is_missing
find_binary "$@"
build_packages
make_base
boot
install_and_sell
keep_running
back_up
upgrade_and_remove
printf '✓ the package holds, in %d s: %s\n' "$SECONDS" "$binary"
