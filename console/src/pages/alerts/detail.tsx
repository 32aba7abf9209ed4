// One alert: who, how, what it learnt, how sure we are; the evidence; the work on it.

import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { alert, evidence, session } from "@/api/queries";
import type { Alert, Evidence } from "@/api/types";
import { count } from "@/lib/format";
import { Icon } from "@/ui/icon";
import { Dot, Failure, Loading, Panel, SeverityMark, StatusMark, Tag, buttonClass } from "@/ui/parts";
import { CopyButton, Outside } from "@/ui/text";
import { Actions } from "./actions";
import { AfterwardsPanel } from "./afterwards";
import { Facts } from "./facts";
import { FindingFacts, FindingRows } from "./finding";
import { ProbesPanel } from "./probes";
import { Reasons } from "./reasons";
import { WorkPanel } from "./work";

const route = getRouteApi("/shell/alerts/$id");

export function AlertPage() {
  const { id } = route.useParams();
  const number = Number(id);
  const query = useQuery({ ...alert(number), enabled: Number.isSafeInteger(number) && number > 0 });
  if (!Number.isSafeInteger(number) || number <= 0) return <Failure error={new Error(`“${id.slice(0, 40)}” is no alert number.`)} />;
  return (
    <>
      <Link to="/alerts" className="mb-2 inline-flex items-center gap-1 text-muted hover:text-text">
        <Icon name="chevronLeft" size={14} /> Alerts
      </Link>
      {query.isPending && <Loading what="the alert" />}
      {query.error && !query.data && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.data && <Content alert={query.data} />}
    </>
  );
}

function Content({ alert }: { alert: Alert }) {
  const probes = useQuery(evidence(alert.id));
  const me = useQuery(session);
  const mayWork = me.data?.role === "analyst" || me.data?.role === "administrator";
  return (
    <>
      <header className="mb-3.5 flex items-start justify-between gap-x-6 gap-y-3 max-lg:flex-col">
        <div className="min-w-0 max-w-4xl space-y-1.5">
          <div className="flex flex-wrap items-center gap-2.5">
            <SeverityMark severity={alert.severity} />
            <StatusMark status={alert.status} />
            {alert.active && <span className="inline-flex items-center gap-1.5 text-accent"><Dot tone="accent" pulsing />going on</span>}
            {alert.self_test && <Tag>self-test</Tag>}
            {alert.excluded_by !== null && <Tag>excluded by {alert.excluded_by}</Tag>}
            <span className="num text-muted">Alert {alert.id}</span>
            {typeof alert.incident_id === "number" && (
              <Link to="/incidents/$id" params={{ id: String(alert.incident_id) }} className="num text-muted underline hover:text-text">Incident {alert.incident_id}</Link>
            )}
          </div>
          <h1 className="text-lg leading-snug font-semibold"><Outside text={alert.name} max={300} /></h1>
          <p className="text-muted"><Outside text={alert.summary} max={1200} /></p>
        </div>
        {mayWork && <Actions alert={alert} me={me.data?.username ?? ""} administrator={me.data?.role === "administrator"} />}
      </header>
      <div className="grid gap-3.5 2xl:grid-cols-[minmax(0,1fr)_23rem] xl:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="min-w-0 space-y-3.5">
          {alert.detection && <Facts alert={alert} detection={alert.detection} />}
          {alert.detection && <ProbesPanel alert={alert} evidence={probes.data} error={probes.error} />}
          {alert.detection && <AfterwardsPanel evidence={probes.data} />}
          {alert.finding && <FindingFacts alert={alert} finding={alert.finding} />}
          {alert.finding && <FindingRows finding={alert.finding} />}
          <EvidenceQuery id={alert.id} bytes={alert.capture_bytes} evidence={probes.data} />
        </div>
        <div className="min-w-0 space-y-3.5">
          {alert.detection && <Reasons detection={alert.detection} />}
          <WorkPanel alert={alert} mayWork={mayWork} />
        </div>
      </div>
    </>
  );
}

function EvidenceQuery({ id, bytes, evidence }: { id: number; bytes: number | null; evidence: Evidence | undefined }) {
  if (!evidence) return null;
  return (
    <Panel
      title="Evidence as XQL"
      actions={
        <>
          {bytes !== null && (
            <a href={`/api/v1/alerts/${id}/capture`} download className={buttonClass()} title={`${count(bytes)} bytes: the first and the latest packets of each source, and the answers to them`}>
              Packets (pcap)
            </a>
          )}
          <CopyButton text={evidence.xql} />
          <Link to="/xql" search={{ q: evidence.xql, run: true }} className={buttonClass()}>
            <Icon name="xql" size={15} /> Open in XQL
          </Link>
        </>
      }
    >
      <pre tabIndex={0} aria-label="The query" className="max-h-56 overflow-auto rounded-md border border-line bg-code p-2.5 text-xs leading-relaxed whitespace-pre-wrap">
        <Outside text={evidence.xql} max={6000} />
      </pre>
    </Panel>
  );
}
