// Ports as ranges, the form a detection carries them in: `1-1000,3306`.

export type PortRange = readonly [from: number, to: number];

/** Reads `22,80-90`. What is no port or range is left out. */
export function parsePorts(text: string): PortRange[] {
  const ranges: PortRange[] = [];
  for (const piece of text.split(",")) {
    const match = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(piece);
    if (!match) continue;
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (from <= to && to <= 65_535) ranges.push([from, to]);
  }
  return ranges;
}

/** How many ports the ranges hold. */
export function portTotal(ranges: readonly PortRange[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** Sorted distinct ports as ranges, `22,80-90`. */
export function portList(ports: Iterable<number>): string {
  const sorted = [...new Set(ports)].sort((a, b) => a - b);
  const pieces: string[] = [];
  for (let i = 0; i < sorted.length; i++) {
    const from = sorted[i];
    while (sorted[i + 1] === (sorted[i] ?? 0) + 1) i++;
    const to = sorted[i];
    pieces.push(from === to ? `${from}` : `${from}-${to}`);
  }
  return pieces.join(",");
}

/**
 * The ranges for reading: at most `max` pieces, the rest counted.
 * `1-1000, 3306 and 12 more ranges`
 */
export function portSummary(text: string, max: number): string {
  const ranges = parsePorts(text);
  const shown = ranges.slice(0, max).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  const rest = ranges.length - shown.length;
  return shown.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** Names a person knows better than the number; a port says nothing about what really listens. */
const SERVICES: Record<number, string> = {
  21: "FTP", 22: "SSH", 23: "Telnet", 25: "SMTP", 53: "DNS", 80: "HTTP", 88: "Kerberos", 110: "POP3", 111: "rpcbind",
  135: "MSRPC", 139: "NetBIOS", 143: "IMAP", 161: "SNMP", 389: "LDAP", 443: "HTTPS", 445: "SMB", 465: "SMTPS",
  587: "submission", 636: "LDAPS", 993: "IMAPS", 995: "POP3S", 1433: "MS SQL", 1521: "Oracle", 2049: "NFS",
  2375: "Docker", 2379: "etcd", 3128: "proxy", 3306: "MySQL", 3389: "RDP", 5432: "PostgreSQL", 5672: "AMQP",
  5900: "VNC", 5985: "WinRM", 6379: "Redis", 6443: "Kubernetes", 8080: "HTTP alt", 8443: "HTTPS alt", 9200: "Elasticsearch",
  11211: "memcached", 27017: "MongoDB",
};

export function serviceName(port: number): string | null {
  return SERVICES[port] ?? null;
}
