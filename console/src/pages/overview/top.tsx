// A list of the most frequent values, each a way into the data.

import { Link } from "@tanstack/react-router";
import type { Counted } from "@/api/types";
import { compact, count } from "@/lib/format";
import { serviceName } from "@/lib/ports";
import { drillDown } from "@/lib/drill";
import { Mono } from "@/ui/text";

export function TopList({ title, items, field, kind }: {
  title: string;
  items: Counted[];
  field: string;
  kind: "address" | "port";
}) {
  const shown = items.slice(0, 6);
  const top = Math.max(1, ...shown.map((item) => item.count));
  return (
    <section className="min-w-0 p-3.5">
      <h3 className="mb-2 text-xs text-muted">{title}</h3>
      {shown.length === 0 && <p className="py-3 text-muted">Nothing yet.</p>}
      <ol className="space-y-0.5">
        {shown.map((item) => (
          <li key={item.value} className="relative">
            <svg aria-hidden="true" className="absolute inset-0 size-full" preserveAspectRatio="none" viewBox="0 0 100 10">
              <rect width={(item.count / top) * 100} height="10" className="fill-accent-soft" />
            </svg>
            <Link
              to="/xql"
              search={{ q: drillDown(field, item.value), run: true }}
              title={`${count(item.count)} attempts. Search them`}
              className="relative flex items-baseline justify-between gap-3 rounded px-2 py-1 hover:underline"
            >
              <span className="min-w-0 truncate">
                <Mono text={item.value} max={60} />
                {kind === "port" && <PortName value={item.value} />}
              </span>
              <span className="num text-xs">{compact(item.count)}</span>
            </Link>
          </li>
        ))}
      </ol>
    </section>
  );
}

function PortName({ value }: { value: string }) {
  const name = serviceName(Number(value.split("/")[1]));
  return name && <span className="ml-2 text-xs">{name}</span>;
}
