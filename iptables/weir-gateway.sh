#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# weir-gateway: hands the web traffic of a router's network to Weir, and takes every trace of that away again.
# Needs no Weir to be installed, only weir-options.sh and weir-rules.sh (and weir-doctor.sh for doctor) beside it, sh
# (dash, bash, busybox), ip, awk, grep, and either nft or iptables and ip6tables.
#
# What it holds to. Everything stands in chains of our own, one jump to each, put in by one transaction a family;
# nobody else's chain, rule or table is ever flushed. IPv4 and IPv6 are always alike. Only what arrives on a LAN
# interface and is not for this router is taken: what the router itself sends passes none of our rules. State, for
# `down`, lies below /run, so that neither rules nor state survive a reboot. The packet's path: README.md beside it.
# shellcheck disable=SC2034,SC2153 # the options are set and used in all of these files
set -uf
NAME=${WEIR_GATEWAY_NAME:-weir-gateway.sh}
STATE=${WEIR_GATEWAY_STATE:-/run/weir-gateway}
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/sbin:/sbin
NL='
'

say() { printf '%s\n' "$*"; }
warn() { printf '%s: %s\n' "$NAME" "$*" >&2; }
die() { code=$1; shift; warn "$*"; exit "$code"; } # 64 usage, 69 unavailable, 71 system, 77 permission
have() { command -v "$1" >/dev/null 2>&1; }

# part FUNCTION FILE: reads a file from beside this one, unless it is in here already.
part() {
  have "$1" && return
  here=$(readlink -f "$0" 2>/dev/null) || here=$0
  case $here in */*) ;; *) here=./$here ;; esac
  [ -f "${here%/*}/$2" ] || die 69 "$2 must stand beside this script."
  # shellcheck disable=SC1090
  . "${here%/*}/$2"
}

usage() {
  cat <<EOF
$NAME: every device on the network through Weir, with nothing configured on it.

  $NAME plan --lan br-lan             print every command and rule, change nothing
  $NAME up --lan br-lan               put the rules in (again: the same rules)
  $NAME status                        what is in force; 0 up, 1 not as it should be, 3 down
  $NAME doctor                        find what is wrong, and say the remedy; 1 if anything is
  $NAME down                          take everything away again
  $NAME guard                         watch Weir in the foreground, for a supervisor; after up --guard no
  $NAME guard --lan br-lan -- COMMAND run Weir, with the rules in for as long as it listens
  $NAME fail                          do what --fail says, as when Weir has died

  --lan IFACE        where the devices are; may be repeated
  --mode redirect    Weir learns where a connection was going, the origin sees the router (default)
  --mode tproxy      the packets stay as they are, so Weir can keep the device's address towards the origin
  --ports 80,443     TCP ports to take
  --port 3129        where Weir listens for them
  --listener MODE:PORT
                     a listener of Weir's; what --mode and --port leave open is chosen among these; repeatable
  --exempt WHAT      leave alone: a network or address, as the device's or as the destination; only one of them
                     with from: or to: before it; a device's MAC; a user (uid:NAME) of this machine; repeatable
  --backend nft      or iptables, iptables-nft, iptables-legacy; default: nft if it is there
  --fail open        Weir dead: devices go on unfiltered (default); closed: their connections are refused
  --guard no         do not watch for Weir's death in the background (something else does)
  --quic block       UDP 443 is refused, so that browsers use TCP at once (default); or allow
  --forwarding       switch forwarding on; down puts it back as it was
  --uid weir         the user Weir runs as, for doctor
  --forward-port N   further ports of Weir that doctor looks after (default 3128); may be repeated
  --mark 0x77656972  packets that carry this mark are left alone
  --route-mark 0x77656973, --table 177, --pref 776
                     tproxy: the mark, routing table and rule by which packets reach Weir

Without options, up repeats the last one. The state is kept in $STATE (WEIR_GATEWAY_STATE).
EOF
}

# --- Options -------------------------------------------------------------------------------------------------

# The options of the last `up`, then those of this command line.
recall() {
  defaults
  [ ! -f "$STATE/options" ] || take_kept
  take_options "$@"
}

take_kept() {
  IFS=$NL
  # shellcheck disable=SC2046 # one option a line
  set -- $(cat "$STATE/options")
  unset IFS
  take_options "$@"
  MODE_ASKED='' PORT_ASKED=''
}

# For plan and up: the options of this command line; without any, those of the last time.
settle() {
  case ${1:---} in --) recall "$@" ;; *) defaults; take_options "$@" ;; esac
  choose_listener
  [ -n "$LAN" ] || die 64 "--lan is missing: which interface are the devices on? (ip -brief address)"
  case ",$PORTS," in *",$PORT,"*) die 64 "--port $PORT cannot be one of --ports $PORTS." ;; esac
  [ "$MARK" != "$ROUTE_MARK" ] || die 64 "--mark and --route-mark must differ."
  if [ -z "$BACKEND" ]; then
    if have nft; then BACKEND=nft; else BACKEND=iptables; fi
  fi
}

# --- Putting in and taking away ------------------------------------------------------------------------------

has_interface() { [ -e "/sys/class/net/$1" ] || ip link show dev "$1" >/dev/null 2>&1; }
has_ipv6() { [ -e /proc/net/if_inet6 ]; }
families() { if has_ipv6; then echo 4 6; else echo 4; fi; }

# Runs a command, or prints it where DRY is set.
run() { if [ -n "${DRY:-}" ]; then say "$*"; else "$@"; fi; }

# feed TEXT COMMAND...: runs it with the text as its input; no text, no command.
feed() {
  text=$1
  shift
  [ -n "$text" ] || return 0
  if [ -n "${DRY:-}" ]; then
    say "$* <<'END'"
    say "$text"
    say END
  else
    say "$text" | "$@"
  fi
}

has_rule() { ip -"$1" rule show 2>/dev/null | grep -qi "fwmark $ROUTE_MARK.* lookup $TABLE"; }

routes_in() { # packets with the route mark are delivered here, whatever their address
  for f in $(families); do
    if [ "$f" = 4 ]; then all=0.0.0.0/0; else all=::/0; fi
    run ip -"$f" route replace local "$all" dev lo table "$TABLE" || return
    { [ -z "${DRY:-}" ] && has_rule "$f"; } ||
      run ip -"$f" rule add pref "$PREF" fwmark "$ROUTE_MARK" lookup "$TABLE" || return
  done
}

routes_out() {
  for f in $(families); do
    if [ "$f" = 4 ]; then all=0.0.0.0/0; else all=::/0; fi
    while has_rule "$f"; do
      run ip -"$f" rule del fwmark "$ROUTE_MARK" lookup "$TABLE" || break
      [ -z "${DRY:-}" ] || break
    done
    # Not asked for first: ip of busybox does not show it.
    [ -n "${DRY:-}" ] || ip -"$f" route del local "$all" dev lo table "$TABLE" 2>/dev/null
  done
  return 0
}

rules_in() { # CAPTURE
  case $BACKEND in
    nft) feed "$(nft_text "$1")" nft -f - ;;
    *)
      code=0
      [ -n "${DRY:-}" ] || { note_created && note_before; }
      for f in $(families); do
        feed "$(ipt_text "$f" "$1")" "$(ipt "$f" restore)" -w 5 --noflush || { code=$?; break; }
      done
      [ -n "${DRY:-}" ] || note_created
      return $code ;;
  esac
}

same_backend() { [ "$1" = "$2" ] || { have "$1" && have "$2" && [ "$("$1" -V)" = "$("$2" -V)" ]; }; }

# rules_out [BACKEND]: ours out of every backend this machine has, but the one named.
rules_out() {
  kept=$BACKEND
  for BACKEND in nft iptables iptables-nft iptables-legacy; do
    [ -z "${1:-}" ] || ! same_backend "$BACKEND" "$1" || continue
    if [ "$BACKEND" = nft ]; then
      nft list table inet weir >/dev/null 2>&1 && feed "$(nft_text none)" nft -f -
    elif have "$BACKEND"; then
      for f in $(families); do
        have "$(ipt "$f" restore)" && feed "$(ipt_text "$f" none)" "$(ipt "$f" restore)" -w 5 --noflush
      done
    fi
  done
  BACKEND=$kept
}

# Brings rules and routes to what they should be: yes, no or none (see weir-rules.sh). Whoever takes packets comes
# after the way for them, and goes before it.
apply() {
  if [ "$1" = none ]; then
    rules_out
    routes_out
  elif [ "$MODE:$1" = tproxy:yes ]; then
    routes_in && rules_in yes || return
    rules_out "$BACKEND"
  else
    rules_in "$1" || return
    rules_out "$BACKEND"
    routes_out
  fi
}

# Tables and chains of iptables-nft that came into being with our rules go with them, if they are empty by then.
# iptables-legacy keeps a table, empty, until its module is unloaded: nothing can be done about that.
nft_chains() { # "ip nat" for a table, "ip nat PREROUTING" for a chain
  have nft && chains=$(nft list chains 2>/dev/null) || return
  say "$chains" | awk '
    $1 == "table" { on = $2 ~ /^ip6?$/ && $3 ~ /^(filter|mangle|nat)$/; table = $2 " " $3; if (on) print table }
    on && $1 == "chain" && $2 ~ /^[A-Z]+$/ { print table " " $2 }'
}

note_before() { # whole or not at all: what is not in it counts as made by us
  if nft_chains >"$STATE/before.new"; then mv "$STATE/before.new" "$STATE/before"; else rm -f "$STATE/before.new"; fi
}

note_created() { # remembers what was not there before; also for a run that was killed on the way
  [ -f "$STATE/before" ] || return 0
  before=$(cat "$STATE/before")
  nft_chains | while read -r each; do
    case "$NL$before$NL" in *"$NL$each$NL"*) ;; *) say "$each" ;; esac
  done >>"$STATE/created"
  rm -f "$STATE/before"
}

drop_created() {
  note_created
  [ -f "$STATE/created" ] && have nft || return 0
  while read -r family table chain; do
    [ -z "$chain" ] || nft list chain "$family" "$table" "$chain" 2>/dev/null |
      awk '$1 !~ /^(#|table|chain|type|})/ && NF || /policy drop/ { bad = 1 } END { exit bad || NR == 0 }' &&
      [ -n "$chain" ] && nft delete chain "$family" "$table" "$chain" 2>/dev/null
  done <"$STATE/created"
  while read -r family table chain; do
    [ -n "$chain" ] || nft list table "$family" "$table" 2>/dev/null |
      awk '$1 !~ /^(#|table|})/ && NF { bad = 1 } END { exit bad || NR == 0 }' &&
      [ -z "$chain" ] && nft delete table "$family" "$table" 2>/dev/null
  done <"$STATE/created"
}

# --- Forwarding ----------------------------------------------------------------------------------------------

FORWARD_SWITCHES='/proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding'

forwards() { [ "$(cat "$1" 2>/dev/null || echo 1)" != 0 ]; } # a family that is not there is no trouble

# The switch sets every interface, and on IPv4 accept_redirects: all of them are kept, so that all can come back.
forwarding_on() {
  for switch in $FORWARD_SWITCHES; do
    forwards "$switch" && continue
    if [ -z "${DRY:-}" ] && [ ! -f "$STATE/sysctls" ]; then
      set +f
      for path in $FORWARD_SWITCHES /proc/sys/net/ipv4/conf/all/accept_redirects \
        /proc/sys/net/ipv[46]/conf/*/forwarding; do
        [ -f "$path" ] && say "$path $(cat "$path")"
      done >"$STATE/sysctls.new"
      mv "$STATE/sysctls.new" "$STATE/sysctls" # whole, or not there
      set -f
    fi
    run sysctl -q -w "$(say "${switch#/proc/sys/}" | tr / .)=1"
  done
}

forwarding_back() {
  [ -f "$STATE/sysctls" ] || return 0
  while read -r path value; do
    [ "$(cat "$path" 2>/dev/null || say "$value")" = "$value" ] || say "$value" >"$path"
  done <"$STATE/sysctls"
  rm -f "$STATE/sysctls"
}

# --- When Weir dies ------------------------------------------------------------------------------------------
# The guard looks once a second whether anybody listens on the port. If not: open takes the rules away, closed
# leaves those that refuse. When Weir is back, so are they.

listening() { grep -qsm1 "$(printf ':%04X 0*:0000 0A' "$PORT")" /proc/net/tcp /proc/net/tcp6; }

fail() { if [ "$FAIL" = open ]; then apply none; else apply no; fi; }

watch() {
  trap 'exit 0' TERM INT
  now=${1:-unknown}
  while :; do
    if listening; then
      [ "$now" = up ] || { apply yes && now=up; }
    else
      [ "$now" = failed ] || { fail && now=failed; }
    fi
    sleep 1 &
    wait $!
  done
}

# When a process began, which tells it from a later one of its number; nothing if it has ended.
started() { sed 's/.*) //; /^[ZX]/d' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

guard_pid() { # of the one that runs
  [ -f "$STATE/guard" ] || return 1
  read -r pid since <"$STATE/guard" && [ -n "$since" ] && [ "$(started "$pid")" = "$since" ] && say "$pid"
}

guard_start() {
  (
    trap '' HUP
    watch up
  ) </dev/null >/dev/null 2>&1 &
  say "$! $(started $!)" >"$STATE/guard"
}

moment() { sleep 0.1 2>/dev/null || sleep 1; }

guard_stop() {
  if pid=$(guard_pid); then
    kill "$pid" 2>/dev/null
    while guard_pid >/dev/null; do moment; done # it finishes what it is doing
  fi
  rm -f "$STATE/guard"
}

# Runs Weir; the rules are in from when it listens to when it has ended, by whatever cause.
guard_command() {
  told=''
  "$@" &
  child=$!
  trap 'told=yes; kill $child 2>/dev/null' TERM INT HUP
  until listening || [ -z "$(started $child)" ]; do moment; done
  if listening; then apply yes || kill $child; fi
  while :; do
    wait $child
    code=$?
    [ -n "$(started $child)" ] || break
  done
  if [ -n "$told" ]; then clean; else fail; fi
  exit "$code"
}

# --- Commands ------------------------------------------------------------------------------------------------

need_root() { [ "$(id -u)" = 0 ] || die 77 "this needs root."; }

need_tools() {
  have ip || die 69 "there is no ip here: install iproute2."
  case $BACKEND in
    nft) have nft || die 69 "there is no nft here: install nftables, or say --backend iptables." ;;
    *) for f in $(families); do
      have "$(ipt "$f" restore)" || die 69 "there is no $(ipt "$f" restore) here: install iptables, or say --backend nft."
    done ;;
  esac
}

lock() {
  { mkdir -p "$STATE" && chmod 700 "$STATE"; } || die 71 "$STATE cannot be made."
  tries=0
  until mkdir "$STATE/lock" 2>/dev/null; do
    { mkdir -p "$STATE" && chmod 700 "$STATE"; } 2>/dev/null # a down that has ended took it away
    holder=$(cat "$STATE/lock/pid" 2>/dev/null)
    if [ $tries -gt 1 ] && ! kill -0 "${holder:-0}" 2>/dev/null || [ $tries -gt 20 ]; then rm -rf "$STATE/lock"; fi
    tries=$((tries + 1))
    sleep 1
  done
  say $$ >"$STATE/lock/pid"
  trap 'rm -rf "$STATE/lock"' EXIT
}

unlock() {
  rm -rf "$STATE/lock"
  trap - EXIT # the next one may be somebody else's
}

plan() {
  settle "$@"
  say "# $NAME $MODE on ${LAN}, by $BACKEND; --fail $FAIL; nothing has been changed"
  case $EXEMPT in *uid=*) say "# what this machine's own users send is never taken: their exemption needs no rule" ;; esac
  DRY=yes
  [ "$FORWARDING" = no ] || forwarding_on
  apply yes
}

keep_options() {
  set -- --mode "$MODE" --ports "$PORTS" --port "$PORT" --backend "$BACKEND" --fail "$FAIL" --guard "$GUARD" \
    --quic "$QUIC" --mark "$MARK" --route-mark "$ROUTE_MARK" --table "$TABLE" --pref "$PREF"
  for each in $LAN; do set -- "$@" --lan "$each"; done
  for each in $FORWARD_PORTS; do set -- "$@" --forward-port "$each"; done
  [ -z "$WEIR_USER" ] || set -- "$@" --uid "$WEIR_USER"
  for each in $EXEMPT; do
    case $each in
      mac=*) set -- "$@" --exempt "${each#*=}" ;;
      from* | to*) set -- "$@" --exempt "$(say "${each%%=*}" | tr -d 46):${each#*=}" ;;
    esac
  done
  printf '%s\n' "$@" >"$STATE/options.new" && mv "$STATE/options.new" "$STATE/options"
}

up() {
  settle "$@"
  need_root
  need_tools
  lock
  guard_stop
  if [ "$MODE" = tproxy ] && [ ! -f "$STATE/options" ]; then
    for f in $(families); do
      has_rule "$f" || [ -z "$(ip -"$f" route show table "$TABLE" 2>/dev/null)" ] ||
        die 69 "routing table $TABLE is somebody else's: choose another with --table."
    done
  fi
  [ "$FORWARDING" = no ] || forwarding_on
  if ! apply yes; then
    if [ -f "$STATE/options" ] && recall && apply yes; then
      [ "$GUARD" = no ] || guard_start
      die 71 "these rules could not be put in; the former ones are in force."
    fi
    clean
    die 71 "the rules could not be put in; nothing of them is left. \"$NAME doctor\" may know why."
  fi
  keep_options
  listening || warn "nobody listens on port $PORT yet."
  for each in $LAN; do
    has_interface "$each" || warn "there is no interface $each yet: nothing of it is taken before there is."
  done
  if [ "$GUARD" = yes ]; then guard_start; fi
  return 0
}

# Everything away, whatever there is.
clean() {
  guard_stop
  apply none
  drop_created
  forwarding_back
  rm -f "$STATE/options" "$STATE/created" "$STATE/options.new" "$STATE/sysctls.new"
}

down() {
  recall "$@"
  need_root
  lock
  clean
  unlock
  rmdir "$STATE" 2>/dev/null
  return 0
}

fail_now() {
  recall "$@"
  need_root
  [ -f "$STATE/options" ] || return 0
  lock
  fail
}

guard() {
  settle "$@"
  need_root
  need_tools
  lock
  guard_stop
  GUARD=no # in the background: this is it
  keep_options
  unlock
  [ -n "$COMMAND_WORDS" ] || watch
  [ "$COMMAND_WORDS" -gt 0 ] || die 64 "guard --: which command?"
  shift $(($# - COMMAND_WORDS))
  guard_command "$@"
}

# taken FAMILY: whether the rules that take, and the jump to them, are there
taken() {
  if [ "$BACKEND" = nft ]; then
    nft list table inet weir 2>/dev/null | grep -qE 'redirect to :|tproxy to :'
  else
    set -- "$("$(ipt "$1" save)" 2>/dev/null)"
    say "$1" | grep -q '^-A PREROUTING -j WEIR_CAPTURE' && say "$1" | grep -qE '^-A WEIR_TAKE .*(REDIRECT|TPROXY)' &&
      say "$1" | grep -q '^-A WEIR_CAPTURE .*WEIR_TAKE'
  fi
}

status() {
  recall "$@"
  need_root
  [ -f "$STATE/options" ] || { say "down"; return 3; }
  code=0
  for f in $(families); do
    if taken "$f"; then word="taken"; else word="NOT taken" code=1; fi
    say "IPv$f: ports $PORTS of $LAN are $word ($MODE, $BACKEND)"
  done
  for each in $LAN; do
    has_interface "$each" || { say "there is no interface $each: nothing of it is taken"; code=1; }
  done
  if listening; then say "Weir listens on port $PORT"; else say "nobody listens on port $PORT (--fail $FAIL)"; code=1; fi
  if guard_pid >/dev/null; then say "the guard watches"; elif [ "$GUARD" = yes ]; then say "the guard is gone"; code=1; fi
  case $BACKEND in
    nft) nft list table inet weir 2>/dev/null | grep counter ;;
    *) for f in $(families); do "$(ipt "$f" save)" -c 2>/dev/null | grep -E '^\[.*WEIR_(TAKE|REFUSE) .*(REDIRECT|TPROXY|REJECT)'; done ;;
  esac
  return $code
}

doctor() {
  recall "$@"
  [ -f "$STATE/options" ] || choose_listener
  need_root
  part examine weir-doctor.sh
  examine
}

main() {
  [ $# -gt 0 ] || { usage >&2; exit 64; }
  verb=$1
  shift
  part take_options weir-options.sh
  part nft_text weir-rules.sh
  case $verb in
    plan | up | down | status | doctor | guard) "$verb" "$@" ;;
    fail) fail_now "$@" ;;
    help | --help | -h) usage ;;
    *) die 64 "there is no command $verb. Try \"$NAME --help\"." ;;
  esac
}

main "$@"
