// Ways from a value on the screen into the data behind it, as XQL.

/** A value as an XQL string: a quote is escaped, and a `*` would be a wildcard, which is said. */
export function xqlString(text: string): string {
  return `"${text.replaceAll('"', '\\"').replace(/[\r\n]+/g, " ")}"`;
}

const PROTOCOL: Record<string, number> = { arp: 0, icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 };

/** The attempts whose `field` has this value; a port comes as `tcp/445`. */
export function drillDown(field: string, value: string): string {
  const port = /^([a-z0-9]+)\/(\d+)$/.exec(value);
  const protocol = port?.[1] === undefined ? undefined : PROTOCOL[port[1]];
  const where =
    field === "target_port" && port
      ? `target_port = ${port[2]}${protocol === undefined ? "" : ` and action_network_protocol = ${protocol}`}`
      : `${field} = ${xqlString(value)}`;
  return [
    "dataset = xdr_data",
    `| filter ${where}`,
    "| fields _time, source_ip, source_port, target_ip, target_port, action_network_protocol, outcome, direction",
    "| sort desc _time",
    "| limit 1000",
  ].join("\n");
}
