# SPDX-License-Identifier: Apache-2.0
#
# The options of weir-gateway.sh, which reads this file: what they are set to when nothing is said, and whether what
# is said makes sense. All of that is found out before anything is changed; what makes none ends with 64.
# shellcheck shell=sh disable=SC2034 # the options are for the other files

defaults() {
  LAN='' MODE=redirect PORTS=80,443 PORT=3129 EXEMPT='' BACKEND='' FAIL=open GUARD=yes QUIC=block
  LISTENERS='' MODE_ASKED='' PORT_ASKED=''
  FORWARDING=no COMMAND_WORDS='' WEIR_USER='' FORWARD_PORTS='' MARK=0x77656972 ROUTE_MARK=0x77656973 TABLE=177 PREF=776
}

# one_of OPTION VALUE ALLOWED...
one_of() {
  option=$1 value=$2
  shift 2
  for each in "$@"; do [ "$each" = "$value" ] && return; done
  die 64 "$option is one of: $*; not \"$value\"."
}

number() { # OPTION VALUE MOST
  case $2 in '' | *[!0-9]* | 0?* | ???????????*) die 64 "$1 is a number, not \"$2\"." ;; esac
  { [ "$2" -ge 1 ] && [ "$2" -le "$3" ]; } || die 64 "$1 is a number from 1 to $3, not $2."
}

mark() {
  case ${2#0x} in '' | *[!0-9a-fA-F]* | ?????????*) die 64 "$1 is a mark such as 0x77656972, not \"$2\"." ;; esac
  case $2 in 0x*[1-9a-fA-F]*) ;; *) die 64 "$1 is a mark such as 0x77656972, not \"$2\"." ;; esac
}

# The network as IPv4 or IPv6: prints 4 or 6. False for what is none: the kernel's tools would refuse it only after
# something has been changed.
family_of() {
  case $1 in *[!0-9a-fA-F:./]*) return 1 ;; esac
  say "$1" | awk '
    function number(s, most) { return s ~ /^[0-9]+$/ && length(s) < 4 && s + 0 <= most }
    function v4(s,  part, n, i) {
      n = split(s, part, ".")
      for (i = 1; i <= n; i++) if (!number(part[i], 255) || part[i] ~ /^0./) return 0
      return n == 4
    }
    function v6(s,  part, n, i, gap, tail) {
      if (match(s, /:[0-9.]+$/) && s ~ /[.]/) { # IPv4 at the end stands for two groups
        tail = substr(s, RSTART + 1)
        if (!v4(tail)) return 0
        s = substr(s, 1, RSTART) "0:0"
      }
      gap = index(s, "::")
      if (s ~ /:::/ || gap && index(substr(s, gap + 1), "::")) return 0
      if (s ~ /^:/ && gap != 1 || s ~ /:$/ && s !~ /::$/) return 0
      n = split(s, part, ":"); groups = 0
      for (i = 1; i <= n; i++) {
        if (part[i] == "") continue
        if (part[i] !~ /^[0-9a-fA-F]+$/ || length(part[i]) > 4) return 0
        groups++
      }
      return gap ? groups < 8 : groups == 8
    }
    {
      slashes = split($0, half, "/")
      if (slashes < 1 || slashes > 2) exit 1
      family = half[1] ~ /:/ ? 6 : 4
      if (!(family == 4 ? v4(half[1]) : v6(half[1]))) exit 1
      if (slashes == 2 && !number(half[2], family == 4 ? 32 : 128)) exit 1
      print family
    }'
}

is_user() { case $1 in '' | -*) false ;; *) id -u "$1" >/dev/null 2>&1 ;; esac; }

is_mac() {
  case $1 in *[!0-9a-fA-F:]*) return 1 ;; [!:][!:]:[!:][!:]:[!:][!:]:[!:][!:]:[!:][!:]:[!:][!:]) ;; *) return 1 ;; esac
}

# An exemption as it is kept: "from4=NET", "to6=NET", "mac=MAC"; a plain network is both.
exempt() {
  case $1 in
    from:* | to:*)
      family=$(family_of "${1#*:}") ||
        die 64 "--exempt: \"${1#*:}\" is no network, such as 192.168.1.0/24 or fd00::/64."
      EXEMPT="$EXEMPT ${1%%:*}$family=${1#*:}" ;;
    uid:*)
      is_user "${1#uid:}" || die 64 "--exempt: this machine has no user \"${1#uid:}\"."
      EXEMPT="$EXEMPT uid=${1#uid:}" ;;
    *)
      if is_mac "$1"; then
        EXEMPT="$EXEMPT mac=$1"
      elif family=$(family_of "$1"); then
        EXEMPT="$EXEMPT from$family=$1 to$family=$1"
      elif is_user "$1"; then
        exempt "uid:$1"
      else
        die 64 "--exempt: \"$1\" is no network, no MAC and no user of this machine."
      fi ;;
  esac
}

lan() {
  case $1 in
    '' | *[!A-Za-z0-9_.@-]* | -* | ????????????????*) die 64 "--lan is an interface, not \"$1\"." ;;
    lo) die 64 "--lan lo would take this router's own traffic." ;;
  esac
  case " $LAN " in *" $1 "*) ;; *) LAN="${LAN:+$LAN }$1" ;; esac
}

listener() {
  case $1 in
    none) ;; # the configuration has been asked, and has none
    redirect:* | tproxy:*) number --listener "${1#*:}" 65535 ;;
    *) die 64 "--listener is a mode and a port such as tproxy:3130, not \"$1\"." ;;
  esac
  case " $LISTENERS " in *" $1 "*) ;; *) LISTENERS="${LISTENERS:+$LISTENERS }$1" ;; esac
}

ports() {
  count=0
  for each in $(say "$1" | tr ',' ' '); do
    number --ports "$each" 65535
    count=$((count + 1))
  done
  case $1 in *,,* | ,* | *, | '' | *' '*) count=16 ;; esac
  [ "$count" -le 15 ] || die 64 "--ports is a list such as 80,443, of 15 ports at most."
  PORTS=$1
}

# Sets the options, and COMMAND_WORDS to the number of words behind "--", if there is one.
take_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --) COMMAND_WORDS=$(($# - 1)); return ;;
      --forwarding) FORWARDING=yes; shift; continue ;;
      --help | -h) usage; exit 0 ;;
      --*=*) option=${1%%=*} value=${1#*=} words=1 ;;
      --*) [ $# -ge 2 ] || die 64 "$1 needs a value."; option=$1 value=$2 words=2 ;;
      *) die 64 "\"$1\" is not understood. Try \"$NAME --help\"." ;;
    esac
    case $option in
      --lan) lan "$value" ;;
      --mode) one_of --mode "$value" redirect tproxy; MODE=$value MODE_ASKED=yes ;;
      --ports) ports "$value" ;;
      --port) number --port "$value" 65535; PORT=$value PORT_ASKED=yes ;;
      --listener) listener "$value" ;;
      --exempt) exempt "$value" ;;
      --backend) one_of --backend "$value" nft iptables iptables-nft iptables-legacy; BACKEND=$value ;;
      --fail) one_of --fail "$value" open closed; FAIL=$value ;;
      --guard) one_of --guard "$value" yes no; GUARD=$value ;;
      --quic) one_of --quic "$value" block allow; QUIC=$value ;;
      --uid) WEIR_USER=$value ;;
      --forward-port) number --forward-port "$value" 65535; FORWARD_PORTS="$FORWARD_PORTS $value" ;;
      --mark) mark --mark "$value"; MARK=$value ;;
      --route-mark) mark --route-mark "$value"; ROUTE_MARK=$value ;;
      --table) number --table "$value" 252; TABLE=$value ;;
      --pref) number --pref "$value" 32765; PREF=$value ;;
      *) die 64 "there is no option $option. Try \"$NAME --help\"." ;;
    esac
    shift "$words"
  done
}

# fitting: those of LISTENERS that --mode and --port, where they were given, leave
fitting() {
  for each in $LISTENERS; do
    { [ -z "$MODE_ASKED" ] || [ "${each%:*}" = "$MODE" ]; } &&
      { [ -z "$PORT_ASKED" ] || [ "${each#*:}" = "$PORT" ]; } && say "$each"
  done
}

# Mode and port are those of a listener, if any are known.
choose_listener() {
  case $LISTENERS in
    '') return ;;
    none) warn "the configuration has no listener of mode redirect or tproxy."; return ;;
  esac
  # shellcheck disable=SC2046 # listeners are words
  set -- $(fitting)
  [ $# -gt 0 ] ||
    die 64 "no listener of the configuration fits${MODE_ASKED:+ --mode $MODE}${PORT_ASKED:+ --port $PORT}; there is: $LISTENERS."
  [ $# -eq 1 ] || case " $* " in
    *' redirect:'*' tproxy:'* | *' tproxy:'*' redirect:'*)
      die 64 "the configuration has listeners of both modes ($*): choose with --mode." ;;
    *) die 64 "the configuration has several listeners ($*): choose with --port." ;;
  esac
  MODE=${1%:*} PORT=${1#*:}
}
