// A query that was refused: each mistake with its line, the place under it, and what to do.

import { ApiError } from "@/api/client";
import type { Diagnostic } from "@/api/types";
import { cut, visible } from "@/lib/hostile";
import { Icon } from "@/ui/icon";
import { Failure } from "@/ui/parts";
import { Outside } from "@/ui/text";

export function Problem({ error, query }: { error: unknown; query: string }) {
  if (!(error instanceof ApiError) || error.diagnostics.length === 0) return <Failure error={error} />;
  return (
    <section role="alert" aria-label="The query has mistakes" className="panel max-h-72 shrink-0 space-y-3 overflow-auto border-bad/50 p-3.5">
      {error.diagnostics.map((diagnostic, i) => <Mistake key={i} diagnostic={diagnostic} query={query} />)}
    </section>
  );
}

export function Mistake({ diagnostic, query }: { diagnostic: Diagnostic; query: string }) {
  const line = query.split("\n")[diagnostic.line - 1] ?? "";
  const [before, at, after] = pointed(line, diagnostic);
  const warning = diagnostic.severity === "warning";
  return (
    <div className="flex items-start gap-2.5">
      <Icon name="warning" className={`mt-0.5 ${warning ? "text-medium" : "text-bad"}`} />
      <div className="min-w-0 space-y-1">
        <p>
          <Outside text={diagnostic.message} max={600} className="font-medium" />{" "}
          <span className="num text-xs text-muted">line {diagnostic.line}, column {diagnostic.column} · {diagnostic.code}</span>
        </p>
        {line.trim() && (
          <pre className="overflow-x-auto pb-1.5 text-xs text-muted" tabIndex={0} aria-label="The line">
            {before}
            <mark className={`bg-transparent text-text underline decoration-wavy underline-offset-2 ${warning ? "decoration-medium" : "decoration-bad"}`}>{at}</mark>
            {after}
          </pre>
        )}
        {diagnostic.help && <p className="text-muted"><Outside text={diagnostic.help} max={600} /></p>}
      </div>
    </div>
  );
}

/** The line in three parts, the mistake in the middle; cut to what fits. */
function pointed(line: string, diagnostic: Diagnostic): [string, string, string] {
  const chars = [...line];
  const from = Math.max(0, diagnostic.column - 1);
  const to = diagnostic.end_line > diagnostic.line ? chars.length : Math.max(from + 1, diagnostic.end_column - 1);
  const text = (a: number, b: number) => visible(chars.slice(a, b).join(""));
  const start = Math.max(0, from - 80);
  return [(start > 0 ? "…" : "") + text(start, from), cut(text(from, to), 120) || " ", cut(text(to, chars.length), 80)];
}
