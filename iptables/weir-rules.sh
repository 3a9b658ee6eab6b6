# SPDX-License-Identifier: Apache-2.0
#
# The rules as text, for weir-gateway.sh, which reads this file: what iptables-restore or nft is to be fed for the
# options in force. Nothing here changes anything. To read the outcome: weir-gateway.sh plan --lan br-lan
#
# CAPTURE is yes, no (only the refusals that --fail closed leaves) or none (nothing of ours).
# shellcheck shell=sh disable=SC2153,SC2154 # the options are set in weir-gateway.sh

# --- Rules: iptables -----------------------------------------------------------------------------------------
# WEIR_CAPTURE chooses by interface and port, WEIR_TAKE spares and takes; WEIR_FORWARD chooses what must not get
# past Weir, WEIR_REFUSE spares and refuses; WEIR_INPUT lets in what was taken and nothing else to Weir's port.

ipt() { # FAMILY TOOL: the command of the backend, such as ip6tables-legacy-restore
  case $1 in 4) family=ip ;; *) family=ip6 ;; esac
  say "${family}tables${BACKEND#iptables}${2:+-$2}"
}

ipt_spare() { # FAMILY CHAIN: what is left alone comes back out of the chain
  say "-A $2 -m mark --mark $MARK -j RETURN"
  if [ "$1" = 4 ]; then types='LOCAL BROADCAST MULTICAST' link=169.254.0.0/16; else types='LOCAL ANYCAST MULTICAST' link=fe80::/10; fi
  for each in $types; do say "-A $2 -m addrtype --dst-type $each -j RETURN"; done
  say "-A $2 -d $link -j RETURN"
  for each in $EXEMPT; do
    case $each in
      from"$1"=*) say "-A $2 -s ${each#*=} -j RETURN" ;;
      to"$1"=*) say "-A $2 -d ${each#*=} -j RETURN" ;;
      mac=*) say "-A $2 -m mac --mac-source ${each#*=} -j RETURN" ;;
    esac
  done
}

ipt_capture() { # FAMILY: nat for redirect, mangle for tproxy
  if [ "$MODE" = tproxy ]; then # what belongs to a connection of Weir's, replies from an origin included
    say "-A WEIR_CAPTURE -p tcp ! --dport $PORT -m socket --transparent -j WEIR_KEEP"
    say "-A WEIR_KEEP -j MARK --set-xmark $ROUTE_MARK/0xffffffff"
    say '-A WEIR_KEEP -j ACCEPT'
  fi
  for each in $LAN; do
    say "-A WEIR_CAPTURE -i $each -p tcp -m multiport --dports $PORTS -j WEIR_TAKE"
  done
  ipt_spare "$1" WEIR_TAKE
  case $MODE in
    redirect) say "-A WEIR_TAKE -p tcp -j REDIRECT --to-ports $PORT" ;;
    tproxy) say "-A WEIR_TAKE -p tcp -j TPROXY --on-port $PORT --tproxy-mark $ROUTE_MARK/0xffffffff" ;;
  esac
}

ipt_filter() { # FAMILY
  for each in $LAN; do
    [ "$MODE" = tproxy ] || say "-A WEIR_INPUT -i $each -p tcp --dport $PORT -m conntrack --ctstate DNAT -j ACCEPT"
  done
  [ "$MODE" = redirect ] || say "-A WEIR_INPUT -p tcp -m mark --mark $ROUTE_MARK -j ACCEPT"
  say "-A WEIR_INPUT ! -i lo -p tcp --dport $PORT -j REJECT --reject-with tcp-reset"
  for each in $LAN; do
    ! refuses_quic || say "-A WEIR_FORWARD -i $each -p udp --dport 443 -j WEIR_REFUSE"
    [ "$FAIL" = open ] || say "-A WEIR_FORWARD -i $each -p tcp -m multiport --dports $PORTS -j WEIR_REFUSE"
  done
  ipt_spare "$1" WEIR_REFUSE
  if [ "$1" = 4 ]; then icmp='icmp-port-unreachable'; else icmp='icmp6-port-unreachable'; fi
  say "-A WEIR_REFUSE -p udp -j REJECT --reject-with $icmp"
  say '-A WEIR_REFUSE -p tcp -j REJECT --reject-with tcp-reset'
}

refuses_quic() { [ "$QUIC" = block ] && case ",$PORTS," in *,443,*) true ;; *) false ;; esac; }

ipt_wanted() { # FAMILY TABLE CAPTURE: the rules of one table, then its jumps as "jump HOOK CHAIN"
  case $2:$MODE:$3 in
    filter:*) ipt_filter "$1"; say 'jump INPUT WEIR_INPUT'; say 'jump FORWARD WEIR_FORWARD' ;;
    nat:redirect:yes | mangle:tproxy:yes) ipt_capture "$1"; say 'jump PREROUTING WEIR_CAPTURE' ;;
  esac
}

# ipt_text FAMILY CAPTURE: what iptables-restore --noflush is to make of the present state. Tables with nothing of
# ours are not mentioned, so that they do not come into being.
ipt_text() {
  present=$("$(ipt "$1" save)" 2>/dev/null | grep -e '^\*' -e WEIR_)
  for table in filter mangle nat; do
    wanted=''
    [ "$2" = none ] || wanted=$(ipt_wanted "$1" "$table" "$2")
    { say "$present"; say "wanted:"; say "$wanted"; } | awk -v table="$table" '
      /^wanted:/ { want = 1; next }
      !want && /^\*/ { here = $0 == "*" table; next }
      !want && here && /^:WEIR_/ { old[substr($1, 2)] = 1 }
      !want && here && /^-A / && !/^-A WEIR_/ { sub(/^-A/, "-D"); cut = cut $0 "\n" }
      want && /^jump / { jumps = jumps "-I " $2 " 1 -j " $3 "\n"; new[$3] = 1 }
      want && /^-A / { rules = rules $0 "\n"; new[$2] = 1 }
      END {
        for (chain in new) declared = declared ":" chain " - [0:0]\n"
        for (chain in old) if (!(chain in new)) { flush = flush "-F " chain "\n"; drop = drop "-X " chain "\n" }
        if (declared cut flush != "") printf "*%s\n%s%s%s%s%s%sCOMMIT\n", table, declared, cut, flush, drop, rules, jumps
      }'
  done
}

# --- Rules: nft ----------------------------------------------------------------------------------------------

quoted() { for each in "$@"; do printf '%s"%s"' "${sep:-}" "$each"; sep=', '; done; sep=''; }

nft_spare() {
  say "    meta mark $MARK return"
  say '    fib daddr type { local, broadcast, anycast, multicast } return'
  say '    ip daddr 169.254.0.0/16 return'
  say '    ip6 daddr fe80::/10 return'
  for each in $EXEMPT; do
    case $each in
      from4=*) say "    ip saddr ${each#*=} return" ;;
      to4=*) say "    ip daddr ${each#*=} return" ;;
      from6=*) say "    ip6 saddr ${each#*=} return" ;;
      to6=*) say "    ip6 daddr ${each#*=} return" ;;
      mac=*) say "    ether saddr ${each#*=} return" ;;
    esac
  done
}

nft_text() { # CAPTURE
  say 'table inet weir' # so that there is one to delete
  say 'delete table inet weir'
  [ "$1" != none ] || return 0
  # shellcheck disable=SC2086 # interfaces are words
  lans=$(quoted $LAN)
  ports=$(say "$PORTS" | sed 's/,/, /g')
  say 'table inet weir {'
  if [ "$1" = yes ]; then
    say '  chain capture {'
    if [ "$MODE" = redirect ]; then
      say '    type nat hook prerouting priority -105; policy accept;'
    else
      say '    type filter hook prerouting priority -155; policy accept;'
      say "    tcp dport != $PORT socket transparent 1 meta mark set $ROUTE_MARK accept"
    fi
    say "    iifname { $lans } tcp dport { $ports } jump take"
    say '  }'
    say '  chain take {'
    nft_spare
    if [ "$MODE" = redirect ]; then
      say "    meta l4proto tcp counter redirect to :$PORT"
    else # goes on to the next rule where nobody listens
      say "    meta l4proto tcp tproxy to :$PORT meta mark set $ROUTE_MARK counter accept"
    fi
    say '  }'
  fi
  say '  chain input {'
  say '    type filter hook input priority -5; policy accept;'
  if [ "$MODE" = redirect ]; then
    say "    iifname { $lans } tcp dport $PORT ct status dnat accept"
  else
    say "    meta l4proto tcp meta mark $ROUTE_MARK accept"
  fi
  say "    iifname != \"lo\" tcp dport $PORT counter reject with tcp reset"
  say '  }'
  say '  chain forward {'
  say '    type filter hook forward priority -5; policy accept;'
  ! refuses_quic || say "    iifname { $lans } udp dport 443 jump refuse"
  [ "$FAIL" = open ] || say "    iifname { $lans } tcp dport { $ports } jump refuse"
  say '  }'
  say '  chain refuse {'
  nft_spare
  say '    meta l4proto udp counter reject with icmpx type port-unreachable'
  say '    meta l4proto tcp counter reject with tcp reset'
  say '  }'
  say '}'
}
