// What is kept, for how long, and what could not be read.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { status } from "@/api/queries";
import type { Status } from "@/api/types";
import { bytes, count, plural } from "@/lib/format";
import { Panel } from "@/ui/parts";
import { Ago, Outside } from "@/ui/text";

const QUARANTINE = "dataset = vedette_quarantine\n| fields _time, source, origin, line, reason, _raw_log\n| sort desc _time\n| limit 1000";

export function StoragePanel() {
  const { data } = useQuery(status);
  if (!data) return null;
  const { lake, ingest } = data;
  const lost = ingest.events_dropped + data.detector.events_dropped + ingest.batches_failed;
  return (
    <Panel title="Stored data">
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        <Fact name="On disk">{bytes(lake.bytes)}</Fact>
        <Fact name="Kept for">
          {plural(lake.retention_days, "day")}, up to {bytes(lake.retention_bytes)}
        </Fact>
        <Fact name="Oldest row"><Oldest status={data} /></Fact>
        <Fact name="Lines not readable">
          {data.quarantined_rows === 0 ? "none" : (
            <Link to="/xql" search={{ q: QUARANTINE, run: true }} className="text-accent underline">{count(data.quarantined_rows)} in quarantine</Link>
          )}
        </Fact>
        <Fact name="Lost on the way">
          {lost === 0 ? "nothing" : <span className="text-medium">{count(ingest.events_dropped)} not stored, {count(data.detector.events_dropped)} not analysed, {plural(ingest.batches_failed, "batch", "batches")} failed</span>}
        </Fact>
      </dl>
      {ingest.last_error && <p className="mt-2 text-bad">Last error: <Outside text={ingest.last_error} max={300} /></p>}
    </Panel>
  );
}

function Oldest({ status }: { status: Status }) {
  const oldest = status.lake.datasets.map((dataset) => dataset.oldest).filter((time) => time !== null).sort()[0];
  return <Ago time={oldest ?? null} />;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="num min-w-0 text-right">{children}</dd>
    </>
  );
}
