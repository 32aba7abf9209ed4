// When there is no alert: say whether that is good news.

import type { Sensor } from "@/api/types";
import { clock, useZone } from "@/lib/time";
import { Help } from "@/ui/degraded";
import { Empty } from "@/ui/parts";
import { Command, Outside } from "@/ui/text";

export function NoScanYet({ sensor }: { sensor: Sensor | undefined }) {
  const zone = useZone();
  if (!sensor) return <Empty icon="alerts" title="No scan seen yet." />;
  if (sensor.state !== "running") {
    return (
      <Empty icon="sensor" title="No alerts, because nothing is watched.">
        <p><Outside text={sensor.reason ?? "The sensor is not running."} /> Scans of this host go unseen until it runs.</p>
        {sensor.help && <p><Help text={sensor.help} /></p>}
      </Empty>
    );
  }
  return (
    <Empty icon="sensor" title="No scan seen yet.">
      <p>
        The sensor is watching <Outside text={sensor.interfaces.join(", ") || "no interface"} /> since {clock(sensor.started_at, zone)}.
        To see one, run this from another machine:
      </p>
      <p><Command text={`nmap ${window.location.hostname}`} /></p>
    </Empty>
  );
}
