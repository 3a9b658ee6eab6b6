# SPDX-License-Identifier: Apache-2.0
#
# What can be wrong with a gateway, for `weir-gateway.sh doctor`, which reads this file. It looks and changes
# nothing. A fault has an id, a sentence and a command that mends it; a note tells what is no fault of the machine.
# Before `up` it says whether the machine is fit, after it whether everything works.
# shellcheck shell=sh disable=SC2153,SC2154 # the options are set in weir-gateway.sh

fault() { # ID SENTENCE FIX
  faults=$((faults + 1))
  say "fault $1: $2"
  say "  fix: $3"
}

note() { # ID SENTENCE [FIX]
  say "note $1: $2"
  [ -z "${3:-}" ] || say "  fix: $3"
}

sysctl_of() { cat "/proc/sys/$1" 2>/dev/null || echo 0; }

on() { case " $2 " in *" $1 "*) true ;; *) false ;; esac; } # WORD WORDS

is_up() { [ -f "$STATE/options" ]; }

examine() {
  faults=0
  [ -n "$BACKEND" ] || BACKEND=$(have nft && echo nft || echo iptables)
  check_tools || return 1 # nothing below can be seen without them
  [ -n "$LAN" ] || die 64 "--lan is missing: which interface are the devices on? (ip -brief address)"
  saved4=$(saved ip) saved6=$(saved ip6)
  ruleset=$(nft list ruleset 2>/dev/null)
  check_interfaces
  check_forwarding
  check_rp_filter
  check_targets
  check_others
  check_configured
  check_listener
  check_mode
  check_open
  check_mtu
  if is_up; then check_rules; else note not-up "no rules are in force; this is about the machine as it is."; fi
  check_bypass
  [ "$faults" -eq 0 ] || { say "$faults wrong."; return 1; }
  say "nothing wrong."
}

# What iptables knows, of every kind there is; our own chains are kept.
saved() { for kind in tables tables-nft tables-legacy; do "$1$kind-save" 2>/dev/null; done; }

# --- The machine -----------------------------------------------------------------------------------------------

check_tools() {
  missing=''
  have ip || missing='ip (iproute2)'
  case $BACKEND in
    nft) have nft || missing="$missing nft (nftables)" ;;
    *) for f in $(families); do
      have "$(ipt "$f" restore)" || missing="$missing $(ipt "$f" restore) (iptables)"
    done ;;
  esac
  [ -z "$missing" ] && return
  fault missing-tool "these programs are not here: ${missing# }." "apt-get install iproute2 nftables iptables"
  return 1
}

# ADDRESSES of the interfaces that are no LAN, as "DEV ADDRESS/LENGTH"
outer_addresses() {
  ip -o address show scope global 2>/dev/null | while read -r _ dev _ address _; do
    on "$dev" "$LAN lo" || say "$dev $address"
  done
}

check_interfaces() {
  for each in $LAN; do
    if ! has_interface "$each"; then
      fault lan-missing "there is no interface $each." "ip -brief address"
    elif ! ip link show "$each" 2>/dev/null | grep -q '[<,]UP[,>]'; then
      fault lan-down "$each is down." "ip link set $each up"
    elif [ "$MODE" = redirect ] && ! ip -4 address show "$each" 2>/dev/null | grep -q ' inet '; then
      fault lan-address "$each has no IPv4 address of its own, so nothing can be redirected to it." \
        "ip address add 192.168.1.1/24 dev $each"
    fi
  done
  ip link show lo 2>/dev/null | grep -q '[<,]UP[,>]' || fault lo-down "the loopback interface is down." "ip link set lo up"
}

has_global6() { for each in $LAN; do ip -6 address show "$each" scope global 2>/dev/null | grep -q inet6 && return; done; return 1; }

check_forwarding() {
  [ "$(sysctl_of net/ipv4/ip_forward)" = 1 ] ||
    fault forwarding-v4 "IPv4 is not forwarded: what Weir does not take gets nowhere." "sysctl -w net.ipv4.ip_forward=1"
  has_ipv6 && has_global6 && [ "$(sysctl_of net/ipv6/conf/all/forwarding)" = 0 ] &&
    fault forwarding-v6 "the devices have IPv6, and it is not forwarded (a router that learns its own route from others needs accept_ra=2 then)." \
      "sysctl -w net.ipv6.conf.all.forwarding=1"
}

# The way back to a device is looked up with the packet's mark where src_valid_mark is set, and by rules of a
# firewall that ask for the mark; with our mark every way leads to this machine, and the packet is dropped.
check_rp_filter() {
  [ "$MODE" = tproxy ] || return
  for each in all $LAN; do
    if [ "$(sysctl_of "net/ipv4/conf/$each/src_valid_mark")" = 1 ]; then
      fault rp-filter "src_valid_mark of $each makes the kernel drop what carries Weir's mark (wg-quick sets it)." \
        "sysctl -w net.ipv4.conf.$each.src_valid_mark=0"
    fi
  done
  [ "$(sysctl_of net/ipv4/tcp_fwmark_accept)" = 0 ] ||
    fault fwmark-accept "tcp_fwmark_accept gives Weir's answers the mark that leads to Weir, and not to the device." \
      "sysctl -w net.ipv4.tcp_fwmark_accept=0"
  if say "$ruleset" | grep -qE 'fib saddr \. mark( \. iif)? (oif|type|check)'; then
    fault rp-filter "a rule asks for the way back with the packet's mark, and so drops what goes to Weir (firewalld: IPv6_rpfilter)." \
      "sed -i 's/^IPv6_rpfilter=.*/IPv6_rpfilter=no/' /etc/firewalld/firewalld.conf && firewall-cmd --reload"
  elif { say "$saved4"; say "$saved6"; } | grep -q -e '-m rpfilter .*--validmark'; then
    fault rp-filter "an iptables rule asks for the way back with the packet's mark, and so drops what goes to Weir." \
      "iptables-save | grep -e --validmark # and take that rule away"
  fi
  for each in $LAN; do # asymmetric: the device's packets come in here, and the way back goes elsewhere
    strict=$(sysctl_of "net/ipv4/conf/$each/rp_filter")
    all=$(sysctl_of net/ipv4/conf/all/rp_filter)
    [ "$all" -le "$strict" ] || strict=$all
    [ "$strict" = 1 ] || continue
    own=$(ip -4 route show dev "$each" 2>/dev/null | grep -c .)
    [ "$own" -gt 0 ] || fault rp-filter "rp_filter of $each is strict, and no route leads back to its devices." \
      "sysctl -w net.ipv4.conf.$each.rp_filter=2"
  done
}

# The rules are shown to the kernel, which says whether it has what they need, without being put in.
check_targets() {
  if [ "$BACKEND" = nft ]; then
    said=$(nft_text yes | nft -c -f - 2>&1) && return
    case $said in
      *tproxy* | *socket*) what='modprobe -a nft_tproxy nft_socket # OpenWrt: opkg install kmod-nft-tproxy kmod-nft-socket' ;;
      *) what='modprobe -a nft_redir nft_chain_nat nft_fib_inet nft_reject_inet nft_ct' ;;
    esac
    fault missing-target "the kernel does not take these rules: $(say "$said" | head -n 1)" "$what"
    return
  fi
  for f in $(families); do
    said=$(ipt_text "$f" yes | "$(ipt "$f" restore)" -w 5 --noflush --test 2>&1) && continue
    case $MODE in
      tproxy) what='modprobe -a xt_TPROXY xt_socket xt_mark # OpenWrt: opkg install iptables-mod-tproxy' ;;
      *) what='modprobe -a xt_REDIRECT xt_addrtype xt_multiport xt_conntrack iptable_nat ip6table_nat' ;;
    esac
    fault missing-target "IPv$f: iptables does not take these rules: $(say "$said" | head -n 1)" "$what"
  done
}

# --- Rules of others -------------------------------------------------------------------------------------------

# astray HOOK: rules of others that lead web traffic elsewhere at this hook. Followed from the hook through jumps; a
# step that holds for the router's own addresses, for one destination, for another port or (when coming in) for an
# interface that is no LAN is not taken. A user who is let go before is an exemption: uid UID.
astray() {
  lans=" $LAN "
  ports=" $(say "$PORTS" | tr ',' ' ') "
  {
    say "$saved4"
    say "$saved6"
    say "$ruleset" | awk '
      $1 == "table" { chain = ""; skip = $2 == "inet" && $3 == "weir" || $2 == "bridge" || $2 == "arp"; t = $2 "/" $3; next }
      skip { next }
      $1 == "chain" { chain = t "/" $2; next }
      $1 == "type" && / hook / { for (i = 1; i < NF; i++) if ($i == "hook") print "HOOK " $(i + 1) " " chain; next }
      chain != "" && $1 != "}" { print "NFT " t " " chain " " $0 }'
  } | awk -v hook="$1" -v lans="$lans" -v ports="$ports" -v uid="${2:-}" '
    # Does the rule hold for what interests us?
    function wide(r,  dev, part, n, i, list, hit) {
      if (r ~ /dst-type LOCAL|addrtype|fib daddr type local| -d |ip6? daddr |uid-owner|skuid|-p udp|meta l4proto udp|udp dport/) return 0
      if (match(r, / -i [^ ]+/)) { dev = substr(r, RSTART + 4, RLENGTH - 4); if (index(r, "! -i") == 0 && index(lans, " " dev " ") == 0) return 0 }
      if (match(r, /iifname "[^"]+"/)) { dev = substr(r, RSTART + 9, RLENGTH - 10); if (index(lans, " " dev " ") == 0) return 0 }
      if (match(r, /(--dports?|tcp dport|th dport) (!= )?([{] )?[0-9:, -]+/)) {
        list = substr(r, RSTART, RLENGTH); sub(/^[^0-9]*/, "", list); n = split(list, part, /[ ,]+/); hit = 0
        for (i = 1; i <= n; i++) if (part[i] != "" && (index(ports, " " part[i] " ") || part[i] ~ /[0-9][:-]/)) hit = 1
        return hit
      }
      return 1
    }
    function target(r,  m) {
      if (match(r, / -[jg] [^ ]+/)) return substr(r, RSTART + 4, RLENGTH - 4)
      if (r ~ / redirect( |$)/) return "REDIRECT"
      if (r ~ / tproxy /) return "TPROXY"
      if (r ~ / dnat /) return "DNAT"
      if (r ~ / (return|accept)$/) return "RETURN"
      if (match(r, /(jump|goto) [^ ]+/)) return substr(r, RSTART + 5, RLENGTH - 5)
      return ""
    }
    function walk(c, depth,  i, r, to) {
      for (i = 1; i <= count[c] && depth < 16 && !free; i++) {
        r = rule[c, i]; to = target(r)
        if (uid != "" && (r ~ "uid-owner " uid "( |$)" || r ~ "skuid " uid "( |$)") && to ~ /^(RETURN|ACCEPT)$/) { free = 1; return }
        if (!wide(r)) continue
        if (to ~ /^(REDIRECT|TPROXY|DNAT)$/) { print r; continue }
        if ((group[c] to) in count) walk(group[c] to, depth + 1)
      }
    }
    function add(c, g, r) { rule[c, ++count[c]] = r; group[c] = g; if (!(c in seen)) { seen[c] = 1 } }
    /^\*/ { g = "x" ++tables substr($1, 2) "/"; if ($1 !~ /nat|mangle/) g = ""; next }
    $1 == "-A" && g != "" && $2 !~ /^WEIR_/ && $0 !~ /-j WEIR_/ {
      if ($2 == hook && !((g hook) in root)) { root[g hook] = 1; roots[++n] = g hook }
      add(g $2, g, $0)
    }
    $1 == "HOOK" && toupper($2) == hook { if (!($3 in root)) { root[$3] = 1; roots[++n] = $3 } }
    $1 == "NFT" { c = $3; g2 = $2 "/"; $1 = $2 = $3 = ""; sub(/^ +/, ""); if (c !~ /\/WEIR_/ && $0 !~ /jump WEIR_/) add(c, g2, " " $0) }
    END { for (i = 1; i <= n; i++) { free = 0; walk(roots[i], 0) } }' | sort -u
}

check_others() {
  found=$(astray PREROUTING | head -n 1)
  [ -z "$found" ] ||
    fault redirect-in-way "another rule takes the same traffic: ${found# }" "iptables-save; nft list ruleset # and take that rule away"
  if { say "$saved4"; say "$saved6"; say "$ruleset"; } | grep -qiE '^[^#]*(-j (CT --notrack|NOTRACK)|[[:space:]]notrack$)' && [ "$MODE" = redirect ]; then
    fault notrack "a rule keeps connections out of connection tracking, without which nothing is redirected; mode tproxy needs none." \
      "$NAME up --mode tproxy --lan ${LAN% *}"
  fi
  who=${WEIR_USER:-$(owner)}
  [ -n "$who" ] && number_of=$(id -u "$who" 2>/dev/null) || number_of=''
  [ -n "$number_of" ] || return
  found=$(astray OUTPUT "($number_of|$who)" | head -n 1)
  [ -z "$found" ] ||
    fault weir-not-exempt "Weir (user $who) runs on this machine, and a rule sends its own connections back: ${found# }" \
      "for t in iptables ip6tables; do \$t -t nat -I OUTPUT -m owner --uid-owner $who -j RETURN; done"
}

# --- Weir ------------------------------------------------------------------------------------------------------

# listens_at PORT: "any", "inner" (loopback) or an IPv4 address, a line each, with the family before it
listens_at() {
  port=$(printf '%04X' "$1")
  awk -v port="$port" '
    function hex(s,  i, n) { n = 0; for (i = 1; i <= 2; i++) n = n * 16 + index("0123456789ABCDEF", substr(s, i, 1)) - 1; return n }
    $4 == "0A" && split($2, at, ":") == 2 && at[2] == port {
      a = at[1]
      if (a ~ /^0+$/) print (length(a) == 8 ? "4 any" : "6 any")
      else if (a ~ /7F$/ && length(a) == 8 || a == "00000000000000000000000001000000") print (length(a) == 8 ? "4 inner" : "6 inner")
      else if (length(a) == 8) print "4 " hex(substr(a, 7)) "." hex(substr(a, 5)) "." hex(substr(a, 3)) "." hex(a)
      else print "6 other"
    }' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u
}

# The user of whoever listens on the transparent port.
owner() {
  inode=$(awk -v port="$(printf '%04X' "$PORT")" '$4 == "0A" && $2 ~ ":" port "$" { print $10; exit }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  [ -n "$inode" ] || return
  set +f
  for fd in /proc/[0-9]*/fd/*; do
    if [ "$(readlink "$fd" 2>/dev/null)" = "socket:[$inode]" ]; then
      pid=${fd#/proc/}
      id -nu "$(awk '$1 == "Uid:" { print $3 }' "/proc/${pid%%/*}/status")" 2>/dev/null
      break
    fi
  done
  set -f
}

# Whether an IPv6 socket for all addresses takes IPv4 too, as far as this ss can tell.
takes_both() { ! have ss || ss -Htln "sport = :$PORT" 2>/dev/null | grep -q "[[:space:]][*]:${PORT}[[:space:]]"; }

# up_words MODE PORT: the options in force, but for these
up_words() {
  printf '%s' "--mode $1 --port $2"
  for each in $LAN; do printf ' --lan %s' "$each"; done
  is_up || return
  [ "$PORTS" = 80,443 ] || printf ' --ports %s' "$PORTS"
  printf ' --backend %s --fail %s --guard %s --quic %s' "$BACKEND" "$FAIL" "$GUARD" "$QUIC"
  for each in $EXEMPT; do
    case $each in
      mac=*) printf ' --exempt %s' "${each#*=}" ;;
      from* | to*) printf ' --exempt %s:%s' "$(say "${each%%=*}" | tr -d 46)" "${each#*=}" ;;
    esac
  done
}

# What is in force, held against what the configuration says; unless it was told what to look at.
check_configured() {
  is_up && [ -z "$MODE_ASKED$PORT_ASKED" ] && [ -n "$LISTENERS" ] || return
  case " $LISTENERS " in
    *" $MODE:$PORT "*) ;;
    ' none ')
      fault config-mismatch "the configuration has no listener of mode redirect or tproxy, and the rules in force are for $MODE on port $PORT." \
        "$NAME down # or add to the configuration: {\"listen\": [{\"at\": \"0.0.0.0:$PORT\", \"mode\": \"$MODE\"}, {\"at\": \"[::]:$PORT\", \"mode\": \"$MODE\"}]}" ;;
    *)
      first=${LISTENERS%% *}
      fault config-mismatch "the rules in force are for $MODE on port $PORT, and the configuration's listeners are: $LISTENERS." \
        "$NAME up $(up_words "${first%:*}" "${first#*:}")" ;;
  esac
}

check_listener() {
  found=$(listens_at "$PORT")
  if [ -z "$found" ]; then
    if is_up && [ "$FAIL" = closed ]; then
      fault not-listening "nothing listens on the transparent port $PORT: nothing passes, as --fail closed asks." \
        "systemctl start weir # or, to let devices pass unfiltered: $NAME down"
    else
      fault not-listening "nothing listens on the transparent port $PORT." "systemctl start weir"
    fi
    return
  fi
  for f in $(families); do
    case $f:$found in
      4:*'4 any'* | 6:*'6 any'* | 4:*'4 '[1-9]*.* | 6:*'6 other'*) continue ;;
      4:*'6 any'*) takes_both && continue ;;
    esac
    all=0.0.0.0
    [ "$f" = 4 ] || all='[::]'
    fault listens-narrow "what listens on port $PORT cannot be reached over IPv$f: redirected connections come to this router's LAN address." \
      "weir check-config --reference # a listener at \"$all:$PORT\" for this family"
  done
}

# A socket that may have any address (IP_TRANSPARENT) is made for tproxy, any other for redirect. With the rules of
# the other mode every connection comes to it as one made to the router itself, or does not come at all: iptables
# drops what TPROXY finds no such socket for, nft goes on to the next rule as if nobody listened.
check_mode() {
  have ss || return
  said=$(ss -Htln --inet-sockopt "sport = :$PORT" 2>/dev/null | tr '\n' ' ')
  case $said in
    *inet-sockopt*' transparent'*) made=tproxy ;;
    *inet-sockopt*) made=redirect ;;
    *) return ;; # nobody listens, or this ss is too old to tell
  esac
  [ "$made" != "$MODE" ] || return
  case $MODE:$BACKEND:$FAIL in
    tproxy:nft:open) outcome='every connection gets past Weir, unfiltered' ;;
    tproxy:nft:closed) outcome='every connection is refused' ;;
    *) outcome='no connection gets through' ;;
  esac
  fault mode-mismatch "what listens on port $PORT is made for mode $made, and these rules are for $MODE: $outcome." \
    "$NAME up $(up_words "$made" "$PORT") # or set the listener's mode to \"$MODE\""
}

# closed PORT: a firewall keeps the port from outside
closed() {
  if [ "$1" = "$PORT" ] && is_up; then
    for f in $(families); do input_guarded "$f" || return; done
    return 0
  fi
  say "$saved4" | awk '/^\*/ { on = $1 == "*filter" } on && /^:INPUT DROP/ { yes = 1 } END { exit !yes }' && return
  say "$ruleset" | grep -q 'hook input .*policy drop' && return
  { say "$saved4"; say "$ruleset"; } | grep -qE "dports? (\{ )?([0-9, ]*[ ,])?$1( |,).*(REJECT|DROP|reject|drop)"
}

input_guarded() {
  if [ "$BACKEND" = nft ]; then
    nft list chain inet weir input 2>/dev/null | grep -q "dport $PORT .*reject"
  else
    case $1 in 4) text=$saved4 ;; *) text=$saved6 ;; esac
    say "$text" | grep -q '^-A INPUT -j WEIR_INPUT' && say "$text" | grep -q "^-A WEIR_INPUT .*--dport $PORT .*REJECT"
  fi
}

check_open() {
  outer=$(outer_addresses)
  [ -n "$outer" ] || return
  watched=${FORWARD_PORTS:-3128}
  ! is_up || watched="$PORT $watched" # before that its rules do not keep it yet
  for port in $watched; do
    listens_at "$port" | while read -r _ where; do
      case $where in
        inner | other) continue ;;
        any) ;;
        *) say "$outer" | grep -q " $where/" || continue ;;
      esac
      say open
    done | grep -q open && ! closed "$port" &&
      fault open-proxy "port $port can be reached from outside (${outer%%[ /]*}): an open proxy, but for what Weir itself refuses." \
        "for t in iptables ip6tables; do \$t -I INPUT ! -i ${LAN%% *} -p tcp --dport $port -j REJECT; done # or listen on the LAN address only"
  done
}

# What Weir takes, it sends anew in packets that fit. What it does not take may be too large for the way out.
check_mtu() {
  outside=$(ip -4 route show default 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)
  [ -n "$outside" ] || return
  most=$(cat "/sys/class/net/$outside/mtu" 2>/dev/null || echo 65536)
  { say "$saved4"; say "$ruleset"; } | grep -qE 'TCPMSS|maxseg size set' && return
  for each in $LAN; do
    [ "$(cat "/sys/class/net/$each/mtu" 2>/dev/null || echo 0)" -le "$most" ] ||
      fault mtu "$each carries larger packets than $outside ($most): connections past Weir may stall." \
        "for t in iptables ip6tables; do \$t -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu; done"
  done
}

# --- After `up` ------------------------------------------------------------------------------------------------

check_rules() {
  if ! listening; then check_failed; return; fi
  holes=''
  for f in $(families); do taken "$f" || holes="$holes$f"; done
  case $holes in
    6) [ "$(sysctl_of net/ipv6/conf/all/forwarding)" = 0 ] ||
      fault ipv6-hole "IPv6 is forwarded and not taken: devices get past Weir by it." "$NAME up" ;;
    ?*) fault rules-missing "the rules are not what up has made them: somebody took them away." "$NAME up" ;;
  esac
  [ "$MODE" = redirect ] || for f in $(families); do
    has_rule "$f" || fault rules-missing "the rule of routing for IPv$f is gone, so nothing reaches Weir." "$NAME up"
  done
  check_guard
  ! refuses_quic || for f in $(families); do
    quic_refused "$f" || fault quic-open "QUIC (UDP 443) over IPv$f gets past Weir." "$NAME up"
  done
}

check_guard() {
  { [ "$GUARD" = no ] || guard_pid >/dev/null; } ||
    fault guard-gone "nobody watches whether Weir lives (--guard no says that something else does)." "$NAME up"
}

# Without Weir there are no rules that take, on purpose: none at all, or those that refuse.
check_failed() {
  check_guard
  [ "$FAIL" = closed ] || return
  for f in $(families); do
    refused "$f" || fault rules-missing "the rules that refuse IPv$f while Weir is dead are gone: somebody took them away." "$NAME up"
  done
}

refused() {
  if [ "$BACKEND" = nft ]; then
    nft list chain inet weir forward 2>/dev/null | grep -q 'tcp dport .*jump refuse'
    return
  fi
  "$(ipt "$1" save)" 2>/dev/null | awk '
    /^-A FORWARD -j WEIR_FORWARD/ { ours = 1 }
    /^-A WEIR_FORWARD .*-p tcp .*-j WEIR_REFUSE/ { rule = 1 }
    END { exit !(ours && rule) }'
}

quic_refused() {
  if [ "$BACKEND" = nft ]; then
    nft list chain inet weir forward 2>/dev/null | grep -q 'udp dport 443'
    return
  fi
  "$(ipt "$1" save)" 2>/dev/null | awk ' # by our chain, and before anything that accepts
    /^\*/ { on = $1 == "*filter" }
    on && /^-A FORWARD / && !met { if (/-j WEIR_FORWARD/) ours = 1; else if (/-j ACCEPT/) ; else next; met = 1 }
    on && /^-A WEIR_FORWARD .*--dport 443/ { rule = 1 }
    END { exit !(ours && rule) }'
}

check_bypass() {
  if [ "$QUIC" = allow ]; then
    note quic-open "QUIC (UDP 443) is allowed, as was asked for: browsers that use it get past Weir." "$NAME up --quic block --lan ${LAN% *}"
  fi
  for each in 1.1.1.1 8.8.8.8 9.9.9.9; do # resolvers that browsers know by themselves
    ip -4 route get "$each" >/dev/null 2>&1 || continue
    note doh "devices can ask resolvers such as $each over HTTPS (443) or TLS (853), unseen by your own; rules and lists of Weir can block their names."
    break
  done
}
