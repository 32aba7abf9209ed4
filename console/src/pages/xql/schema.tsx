// The datasets and their fields, to look up and to insert.

import { useState } from "react";
import type { Dataset } from "@/api/types";
import { bytes, compact } from "@/lib/format";
import { Icon } from "@/ui/icon";
import { Failure, Loading } from "@/ui/parts";
import { Ago, Outside } from "@/ui/text";

interface Props {
  known: Dataset[] | undefined;
  error: unknown;
  insert: (text: string) => void;
}

export function Schema({ known, error, insert }: Props) {
  const [text, setText] = useState("");
  const [open, setOpen] = useState<string | null>("xdr_data");
  const wanted = text.trim().toLowerCase();
  return (
    <aside aria-label="Datasets and fields" className="panel flex min-h-0 shrink-0 flex-col overflow-hidden lg:w-72">
      <div className="border-b border-line p-2">
        <input type="search" aria-label="Find a dataset or field" placeholder="Find a field" className="field w-full" value={text} onChange={(e) => setText(e.target.value)} />
      </div>
      <div className="min-h-0 flex-1 overflow-auto p-1.5 max-lg:max-h-80" tabIndex={0} role="group" aria-label="Datasets">
        {error != null && <Failure error={error} />}
        {!known && error == null && <Loading what="the datasets" />}
        {known?.map((dataset) => {
          const fields = wanted ? dataset.fields.filter((field) => field.name.includes(wanted) || field.doc.toLowerCase().includes(wanted)) : dataset.fields;
          if (wanted && fields.length === 0 && !dataset.name.includes(wanted)) return null;
          const shown = wanted !== "" || open === dataset.name;
          return (
            <section key={dataset.name}>
              <button
                type="button"
                aria-expanded={shown}
                title={dataset.doc}
                onClick={() => setOpen(open === dataset.name ? null : dataset.name)}
                className="flex w-full items-center gap-1.5 rounded px-1.5 py-1 text-left hover:bg-raised"
              >
                <Icon name={shown ? "chevronDown" : "chevronRight"} size={13} className="text-muted" />
                <span className="min-w-0 flex-1 truncate font-mono text-xs font-medium"><Outside text={dataset.name} max={80} /></span>
                {dataset.rows !== null && <span className="num text-xs text-muted">{compact(dataset.rows)}</span>}
              </button>
              {shown && <Fields dataset={dataset} fields={fields} insert={insert} brief={wanted !== ""} />}
            </section>
          );
        })}
      </div>
    </aside>
  );
}

function Fields({ dataset, fields, insert, brief }: { dataset: Dataset; fields: Dataset["fields"]; insert: (text: string) => void; brief: boolean }) {
  return (
    <div className="mb-1.5 ml-3 border-l border-line pl-1.5">
      {!brief && (
        <p className="px-1.5 pb-1 text-xs text-muted">
          <Outside text={dataset.doc} max={200} />
          {dataset.bytes !== null && <span className="num block">{bytes(dataset.bytes)}{dataset.newest && <>, newest <Ago time={dataset.newest} /></>}</span>}
        </p>
      )}
      <ul>
        {fields.map((field) => (
          <li key={field.name}>
            <button type="button" title={`${field.doc}\nClick to insert`} onClick={() => insert(field.name)} className="flex w-full items-baseline justify-between gap-2 rounded px-1.5 py-0.5 text-left hover:bg-raised">
              <span className="min-w-0 truncate font-mono text-xs"><Outside text={field.name} max={80} /></span>
              <span className="shrink-0 text-xs text-muted">{field.type.replace("array of ", "[] ")}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
