// The alert list: filters in the address bar, live rows, sorting by the server.

import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type AlertFilter, alerts, session, status } from "@/api/queries";
import { count, plural } from "@/lib/format";
import { Button, Empty, Failure, Loading, PageHead } from "@/ui/parts";
import { BulkBar } from "./bulk";
import { NoScanYet } from "./empty";
import { Filters } from "./filters";
import { AlertTable } from "./table";

const route = getRouteApi("/shell/alerts");
const STEP = 50;
/** The server's largest page. */
const MOST = 500;

export function AlertsPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/alerts" });
  const [limit, setLimit] = useState(STEP);
  const filter: AlertFilter = { ...search, status: search.status ?? "open" };
  const query = useQuery(alerts(filter, limit));
  const me = useQuery(session);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const mayWork = me.data?.role === "analyst" || me.data?.role === "administrator";
  const change = (part: AlertFilter) => {
    setLimit(STEP);
    setChosen(new Set());
    void navigate({ search: (old) => clean({ ...old, ...part }), replace: true });
  };
  const data = query.data;
  const rows = data?.alerts ?? [];
  return (
    <>
      <PageHead title="Alerts">
        <p role="status" className="num text-muted">
          {data && plural(data.total, "alert")}
          {query.isPlaceholderData && " …"}
        </p>
        {data && data.excluded > 0 && (
          <p className="num text-muted">
            · {count(data.excluded)} more hidden by <Link to="/exclusions" className="underline">exclusions</Link>
          </p>
        )}
      </PageHead>
      <div className="panel min-w-0">
        <Filters filter={filter} change={change} />
        {query.isPending && <Loading what="alerts" />}
        {query.error && <div className="p-3.5"><Failure error={query.error} retry={() => void query.refetch()} /></div>}
        {mayWork && data && rows.some((row) => chosen.has(row.id)) && (
          <BulkBar rows={rows} total={data.total} filter={filter} chosen={chosen} clear={() => setChosen(new Set())} />
        )}
        {rows.length > 0 && (
          <AlertTable
            rows={rows}
            sort={filter.sort ?? "-detected_at"}
            setSort={(sort) => change({ sort })}
            {...(mayWork ? { chosen, choose: setChosen } : {})}
          />
        )}
        {data && rows.length === 0 && <Nothing filter={filter} clear={() => void navigate({ search: { status: "all" }, replace: true })} />}
        {data && rows.length < data.total && (
          <footer className="flex items-center gap-3 border-t border-line px-3.5 py-2 text-muted">
            <span className="num">Showing {count(rows.length)} of {count(data.total)}.</span>
            {limit < MOST ? (
              <Button onClick={() => setLimit((n) => Math.min(MOST, n * 2))} disabled={query.isFetching}>Show more</Button>
            ) : (
              <span>Narrow the filter to see the rest, or search <code>dataset = alerts</code> with XQL.</span>
            )}
          </footer>
        )}
      </div>
    </>
  );
}

/** Without what is empty, so that the address stays short. */
function clean(filter: AlertFilter): AlertFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined && value !== "" && value !== false));
}

function Nothing({ filter, clear }: { filter: AlertFilter; clear: () => void }) {
  const { data } = useQuery(status);
  const narrowed = !!(filter.q || filter.source || filter.severity || filter.assignee);
  if (data?.alerts.total === 0) return <NoScanYet sensor={data.sensor} />;
  if (narrowed) {
    return (
      <Empty icon="search" title="No alert matches these filters.">
        <Button onClick={clear}>Show all alerts</Button>
      </Empty>
    );
  }
  return (
    <Empty icon="check" title={filter.status === "all" ? "No alerts." : "No alerts with this status."}>
      {filter.status === "open" && <p>Everything seen so far has been dealt with.</p>}
      <Button onClick={clear}>Show all alerts</Button>
    </Empty>
  );
}
