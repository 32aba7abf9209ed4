// An alert that no detector raised: what a correlation rule or another product says, and its rows.

import { Link } from "@tanstack/react-router";
import type { Alert, Cell, Finding } from "@/api/types";
import { count, plural } from "@/lib/format";
import { Icon } from "@/ui/icon";
import { buttonClass, Panel } from "@/ui/parts";
import { Mono, Outside, Stamp } from "@/ui/text";
import { Addresses, Attack, Fact, Note } from "./facts";

/** Rows that are shown; the query has them all. */
const SHOWN = 50;

export function FindingFacts({ alert, finding }: { alert: Alert; finding: Finding }) {
  const { rule } = finding;
  const more = Object.entries(finding.fields);
  return (
    <Panel flush>
      <dl className="grid gap-px overflow-hidden rounded-[7px] bg-line md:grid-cols-2 lg:grid-cols-3">
        <Fact name="Raised by">
          {rule ? (
            <Link to="/rules/$id" params={{ id: String(rule.rule_id) }} className="font-medium underline decoration-line-strong underline-offset-2 hover:decoration-current">
              <Outside text={rule.rule_name} max={200} />
            </Link>
          ) : (
            <Outside text={`${finding.vendor} ${finding.product}`.trim() || "Another product"} max={120} className="font-medium" />
          )}
          <Note>{rule ? "Correlation rule" : finding.source === "external" ? "Sent in by another product" : "Vedette"}{finding.category && <>, <Outside text={finding.category} max={80} /></>}</Note>
        </Fact>
        <Fact name="Who"><Addresses list={finding.source_ips} cut={false} /><Names list={finding.users} what="User" /></Fact>
        <Fact name="Whom"><Addresses list={finding.target_ips} cut={false} /><Names list={finding.hosts} what="Host" /></Fact>
        <Fact name="Since when">
          <Stamp time={finding.first_seen} />
          <Note>Last <Stamp time={finding.last_seen} /></Note>
        </Fact>
        <Fact name="How many">
          <span className="num font-medium">{plural(rule?.row_count ?? finding.count, rule ? "row" : "event")}</span>
          <Note>{alert.duplicates > 0 ? `${plural(alert.duplicates, "later hit")} kept back as the same` : "Nothing was kept back as the same"}</Note>
        </Fact>
        <Fact name="MITRE ATT&CK"><Attack mitre={finding.mitre} /></Fact>
        {more.slice(0, 30).map(([name, value]) => (
          <Fact key={name} name={name.slice(0, 60)}><Mono text={cellText(value)} max={300} /></Fact>
        ))}
      </dl>
      {rule?.drilldown && (
        <div className="border-t border-line px-3.5 py-2">
          <Link to="/xql" search={{ q: rule.drilldown, run: true }} className={buttonClass()}>
            <Icon name="xql" size={15} /> Look further
          </Link>
        </div>
      )}
    </Panel>
  );
}

function Names({ list, what }: { list: string[]; what: string }) {
  if (list.length === 0) return null;
  const rest = list.length - 4;
  return <Note>{what}: <Outside text={list.slice(0, 4).join(", ")} max={200} />{rest > 0 && ` and ${count(rest)} others`}</Note>;
}

export function FindingRows({ finding }: { finding: Finding }) {
  const rows = finding.rule?.rows ?? [];
  if (rows.length === 0) return null;
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => !SYSTEM.has(name));
  const one = rows.length === 1 ? rows[0] : undefined;
  return (
    <Panel title={one ? "The row" : `The first ${count(Math.min(rows.length, SHOWN))} of ${plural(finding.rule?.row_count ?? rows.length, "row")}`} flush>
      {one ? (
        <dl className="divide-y divide-line">
          {names.map((name) => (
            <div key={name} className="grid grid-cols-[minmax(8rem,14rem)_minmax(0,1fr)] gap-3 px-3.5 py-1.5">
              <dt className="truncate text-muted"><Mono text={name} /></dt>
              <dd><Mono text={cellText(one[name])} max={2000} /></dd>
            </div>
          ))}
        </dl>
      ) : (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Rows">
          <table className="w-full">
            <thead>
              <tr className="border-b border-line text-left text-xs text-muted">
                {names.slice(0, 12).map((name) => <th key={name} scope="col" className="px-3 py-2"><Mono text={name} max={40} /></th>)}
              </tr>
            </thead>
            <tbody className="divide-y divide-line">
              {rows.slice(0, SHOWN).map((row, i) => (
                <tr key={i} className="align-top">
                  {names.slice(0, 12).map((name) => <td key={name} className="px-3 py-1.5"><Mono text={cellText(row[name])} max={120} /></td>)}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

const SYSTEM: ReadonlySet<string> = new Set(["_id", "_insert_time", "_vendor", "_product"]);

function cellText(value: Cell | undefined): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.slice(0, 100).map(cellText).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
