// XQL search: the editor, the run, the result.

import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { datasets } from "@/api/queries";
import type { Timeframe } from "@/api/types";
import { read, write } from "@/lib/storage";
import { Editor, type EditorHandle } from "@/xql/editor";
import { EXAMPLES, FIRST_QUERY } from "@/xql/examples";
import { savedQueries } from "@/xql/saved";
import { Icon } from "@/ui/icon";
import { MenuItem, MenuRoot } from "@/ui/menu";
import { Button, buttonClass, PageHead } from "@/ui/parts";
import { Ago, Outside } from "@/ui/text";
import { Problem } from "./problem";
import { Result } from "./result";
import { Schema } from "./schema";
import { useRun } from "./run";

const route = getRouteApi("/shell/xql");
const DRAFT = "vedette.xql.draft";

const FRAMES = [
  { seconds: 900, label: "Last 15 minutes" },
  { seconds: 3600, label: "Last hour" },
  { seconds: 86_400, label: "Last 24 hours" },
  { seconds: 604_800, label: "Last 7 days" },
  { seconds: 2_592_000, label: "Last 30 days" },
] as const;
const LIMITS = [1_000, 10_000, 100_000] as const;

export function XqlPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/xql" });
  const known = useQuery(datasets);
  const editor = useRef<EditorHandle>(null);
  const [seconds, setSeconds] = useState(86_400);
  const [limit, setLimit] = useState<number>(1_000);
  const [panel, setPanel] = useState(() => read("vedette.xql.schema") !== "closed");
  const [initial] = useState(() => search.q ?? read(DRAFT) ?? FIRST_QUERY);
  const [ownFrame, setOwnFrame] = useState(() => setsTimeframe(initial));
  const { state, run, cancel } = useRun((diagnostics) => editor.current?.mark(diagnostics));

  const start = useCallback(() => {
    const text = editor.current?.text() ?? "";
    const timeframe: Timeframe = { last_seconds: seconds };
    if (text.trim()) void run(text, timeframe, limit);
  }, [run, seconds, limit]);

  // A query in the address was brought by a link from another page: show it and run it, once.
  useEffect(() => {
    if (search.q === undefined) return;
    editor.current?.replace(search.q);
    if (search.run) start();
    void navigate({ search: {}, replace: true });
  }, [search.q, search.run, start, navigate]);

  const changed = (text: string) => {
    write(DRAFT, text.slice(0, 100_000));
    setOwnFrame(setsTimeframe(text));
  };
  const show = (text: string) => {
    editor.current?.replace(text);
    editor.current?.focus();
  };
  const togglePanel = () => {
    write("vedette.xql.schema", panel ? "closed" : "open");
    setPanel(!panel);
  };

  return (
    <div className="flex min-h-0 flex-col lg:min-h-[34rem] lg:flex-1 lg:basis-0">
      <PageHead title="XQL search">
        <Examples show={show} />
        <History show={show} />
        <Button kind="quiet" icon="book" aria-pressed={panel} onClick={togglePanel}>Datasets and fields</Button>
      </PageHead>
      <div className="flex min-h-0 flex-1 gap-3.5 max-lg:flex-col">
        <div className="flex min-h-0 min-w-0 flex-1 flex-col gap-3.5">
          <section aria-label="Query" className="panel flex h-64 max-h-[70vh] min-h-40 shrink-0 resize-y flex-col overflow-hidden">
            <div className="min-h-0 flex-1">
              <Editor ref={editor} initial={initial} onRun={start} onChange={changed} />
            </div>
            <div className="flex flex-wrap items-center gap-2 border-t border-line px-3 py-2">
              {state.kind === "running" ? (
                <Button icon="stop" onClick={cancel}>Cancel</Button>
              ) : (
                <Button kind="primary" icon="play" onClick={start}>Run query</Button>
              )}
              <kbd className="text-xs text-muted">Ctrl Enter</kbd>
              <select
                aria-label="Time frame"
                className="field ml-auto disabled:text-muted"
                title={ownFrame ? "The query's own config timeframe counts" : undefined}
                disabled={ownFrame}
                value={ownFrame ? "own" : seconds}
                onChange={(e) => setSeconds(Number(e.target.value))}
              >
                {ownFrame && <option value="own">Set in the query</option>}
                {FRAMES.map((frame) => <option key={frame.seconds} value={frame.seconds}>{frame.label}</option>)}
              </select>
              <select aria-label="Row limit" className="field" value={limit} onChange={(e) => setLimit(Number(e.target.value))}>
                {LIMITS.map((n) => <option key={n} value={n}>{n.toLocaleString("en-US")} rows at most</option>)}
              </select>
            </div>
          </section>
          {state.kind === "failed" && <Problem error={state.error} query={state.query} />}
          <Result state={state} />
        </div>
        {panel && <Schema known={known.data} error={known.error} insert={(text) => editor.current?.insert(text)} />}
      </div>
    </div>
  );
}

/** Does the query say its time frame itself? Then the chooser would lie. */
function setsTimeframe(text: string): boolean {
  return /^\s*(\/\/[^\n]*\n\s*|\/\*[\s\S]*?\*\/\s*)*config\b[^|]*\btimeframe\b/i.test(text);
}

function Examples({ show }: { show: (text: string) => void }) {
  return (
    <MenuRoot label="Examples" trigger={<button type="button" className={buttonClass("quiet")}>Examples <Icon name="chevronDown" size={13} /></button>}>
      {EXAMPLES.map((example) => <MenuItem key={example.title} onSelect={() => show(example.query)}>{example.title}</MenuItem>)}
    </MenuRoot>
  );
}

function History({ show }: { show: (text: string) => void }) {
  const [list, setList] = useState(savedQueries);
  return (
    <span onPointerDown={() => setList(savedQueries())} onKeyDown={() => setList(savedQueries())}>
      <MenuRoot label="Last queries" trigger={<button type="button" className={buttonClass("quiet")}><Icon name="clock" size={15} /> Last queries</button>}>
        {list.length === 0 && <p className="px-2 py-1.5 text-muted">No query was run in this browser yet.</p>}
        {list.map((entry) => (
          <MenuItem key={entry.query} onSelect={() => show(entry.query)}>
            <span className="min-w-0">
              <span className="line-clamp-2 font-mono text-xs"><Outside text={entry.query.replace(/\s+/g, " ")} max={160} /></span>
              <span className="text-xs text-muted"><Ago time={entry.at} />{entry.rows !== null && `, ${entry.rows.toLocaleString("en-US")} rows`}</span>
            </span>
          </MenuItem>
        ))}
      </MenuRoot>
    </span>
  );
}

