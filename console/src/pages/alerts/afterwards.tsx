// Who used what the scanner found open, from the verdict on.

import { Link } from "@tanstack/react-router";
import type { Evidence } from "@/api/types";
import { count, plural } from "@/lib/format";
import { buttonClass, Panel, Tag } from "@/ui/parts";
import { Ago, Mono } from "@/ui/text";

export function AfterwardsPanel({ evidence }: { evidence: Evidence | undefined }) {
  const afterwards = evidence?.afterwards;
  if (!afterwards) return null;
  return (
    <Panel
      title="Used afterwards"
      actions={<Link to="/xql" search={{ q: afterwards.xql, run: true }} className={buttonClass()}>Connections in XQL</Link>}
    >
      {afterwards.connections.length === 0 && <p className="text-muted">Nobody has connected to the open ports since.</p>}
      <ul className="space-y-1">
        {afterwards.connections.slice(0, 20).map((used) => (
          <li key={`${used.source_ip} ${used.target_ip} ${used.target_port}`} className="flex flex-wrap items-center gap-x-2">
            <Mono text={`${used.target_ip}:${used.target_port}`} max={60} /> by <Mono text={used.source_ip} max={45} />
            <Tag>{used.scanner ? "the scanner" : "another source"}</Tag>
            <span className="num text-muted">{plural(used.connections, "connection")}, {count(used.bytes_sent)} bytes out, {count(used.bytes_received)} in, first <Ago time={used.first_seen} /></span>
          </li>
        ))}
      </ul>
      {afterwards.connections.length > 20 && <p className="mt-1 text-xs text-muted">and {count(afterwards.connections.length - 20)} more</p>}
    </Panel>
  );
}
