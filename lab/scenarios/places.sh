# Where hosts of a scenario stand. Read by bash before each command of scenarios.tsv.

# The source, and each given host, moves behind the third host, which routes: 198.19.K.N instead of 198.18.K.N.
far() {
    local net="198.19.${N##*.}" runner last
    $THIRD sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
    $THIRD ip addr add "$net.140/24" dev eth0
    $TARGET ip route add "$net.0/24" via "$Z"
    for last in 128 "$@"; do
        runner="LIVE$last"
        runner="${!runner}"
        $runner ip addr flush dev eth0 scope global
        $runner ip addr add "$net.$last/24" dev eth0
        $runner ip route add "$N.0/24" via "$net.140"
    done
}

# The same, and the third host translates: all come from its address.
translated() {
    far "$@"
    $THIRD nft "add table ip n; add chain ip n p { type nat hook postrouting priority 100; }; add rule ip n p ip saddr 198.19.${N##*.}.0/24 masquerade"
}

# The target drops what matches.
drops() {
    $TARGET nft "add table inet f; add chain inet f i { type filter hook input priority 0; }; add rule inet f i $* drop"
}

# Of its TCP ports the target serves those given only; the others refuse.
serves() {
    $TARGET nft "add table inet f; add chain inet f i { type filter hook input priority 0; }; add rule inet f i tcp flags syn / syn,ack tcp dport != { $* } reject with tcp reset"
}

# Every TCP port of the target is open: a trap for scanners.
trap_all() {
    $TARGET nft "add table ip n; add chain ip n p { type nat hook prerouting priority -100; }; add rule ip n p tcp dport 1-65535 redirect to :9200"
}
