// The latest alerts, live.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { alerts } from "@/api/queries";
import type { AlertSummary, Sensor } from "@/api/types";
import { plural } from "@/lib/format";
import { Dot, Failure, Loading, Panel, SeverityMark, StatusMark } from "@/ui/parts";
import { Ago, Mono, Outside } from "@/ui/text";
import { NoScanYet } from "../alerts/empty";

export function RecentAlerts({ sensor }: { sensor: Sensor }) {
  const query = useQuery(alerts({}, 6));
  return (
    <Panel
      title="Latest alerts"
      flush
      actions={<Link to="/alerts" search={{ status: "open" }} className="text-accent hover:underline">All alerts</Link>}
    >
      {query.isPending && <Loading what="alerts" />}
      {query.error && !query.data && <div className="p-3.5"><Failure error={query.error} /></div>}
      {query.data?.alerts.length === 0 && <NoScanYet sensor={sensor} />}
      <ul className="divide-y divide-line">
        {query.data?.alerts.map((alert) => <Row key={alert.id} alert={alert} />)}
      </ul>
    </Panel>
  );
}

function Row({ alert }: { alert: AlertSummary }) {
  return (
    <li>
      <Link to="/alerts/$id" params={{ id: String(alert.id) }} className="flex items-center gap-3 px-3.5 py-2 hover:bg-raised">
        <span className="w-24 shrink-0"><SeverityMark severity={alert.severity} /></span>
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium"><Outside text={alert.name} max={160} /></span>
          <span className="flex flex-wrap items-center gap-x-2 text-xs text-muted">
            {alert.active && <span className="inline-flex items-center gap-1.5 text-accent"><Dot tone="accent" pulsing />going on</span>}
            <span className="num">{plural(alert.probes, "probe")}</span>
            <span className="num">{plural(alert.distinct_ports, "port")}</span>
            {alert.open_ports.length > 0 && <span>open: <Mono text={alert.open_ports.slice(0, 6).join(", ")} /></span>}
          </span>
        </span>
        <span className="flex shrink-0 flex-col items-end gap-0.5 text-xs text-muted">
          <StatusMark status={alert.status} />
          <Ago time={alert.last_seen} />
        </span>
      </Link>
    </li>
  );
}
