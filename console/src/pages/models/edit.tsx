// One file of rules in the editor. Mistakes are marked where they are; nothing is kept while there are any.

import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { type RuleFile, ruleFile, useRuleFileChange } from "@/api/models";
import { Editor, type EditorHandle } from "@/xql/editor";
import { Button, Failure, Loading, Panel } from "@/ui/parts";

const BEGIN = `[MODEL: dataset = my_product_raw]
alter
    xdm.source.ipv4 = src,
    xdm.target.ipv4 = dst;
`;

export function RuleFileEditor({ name, may, done }: { name: string | null; may: boolean; done: () => void }) {
  const text = useQuery({ ...ruleFile(name ?? ""), enabled: name !== null });
  if (name !== null && text.isPending) return <Loading what="the file" />;
  if (text.error) return <Failure error={text.error} retry={() => void text.refetch()} />;
  return <Loaded name={name} initial={name === null ? BEGIN : (text.data ?? "")} may={may} done={done} />;
}

function Loaded({ name, initial, may, done }: { name: string | null; initial: string; may: boolean; done: () => void }) {
  const editor = useRef<EditorHandle>(null);
  const change = useRuleFileChange();
  const [called, setCalled] = useState(name ?? "");
  const [fine, setFine] = useState<RuleFile | null>(null);
  const act = (kind: "check" | "keep") => {
    setFine(null);
    change.mutate(
      { kind, name: called, text: editor.current?.text() ?? "" },
      {
        onSuccess: (made) => (kind === "keep" ? done() : setFine(made ?? null)),
        onError: (error) => editor.current?.mark(error instanceof ApiError ? error.diagnostics : []),
      },
    );
  };
  return (
    <Panel title={name ?? "New file"} className="mt-3.5" flush actions={<Button kind="quiet" onClick={done}>Close</Button>}>
      <div className="h-[26rem] border-b border-line">
        <Editor ref={editor} initial={initial} rules onRun={() => act("check")} onChange={() => setFine(null)} />
      </div>
      <div className="flex flex-wrap items-end gap-2 p-3.5">
        {name === null && (
          <label className="block text-xs text-muted">Name of the file<input className="field mt-1 block" required maxLength={100} autoComplete="off" value={called} onChange={(e) => setCalled(e.target.value)} /></label>
        )}
        <Button disabled={change.isPending || called === ""} onClick={() => act("check")}>Check</Button>
        {may && <Button kind="primary" disabled={change.isPending || called === ""} onClick={() => act("keep")}>Save</Button>}
        {fine && <p role="status" className="text-muted">{summary(fine)}</p>}
      </div>
      {change.error && <div className="px-3.5 pb-3.5"><Failure error={change.error} /></div>}
    </Panel>
  );
}

function summary({ models, ingests, rules }: RuleFile): string {
  const parts = [
    models.length > 0 && `models of ${models.join(", ")}`,
    ingests.length > 0 && `rows of ${ingests.join(", ")}`,
    rules.length > 0 && `rules ${rules.join(", ")}`,
  ].filter(Boolean);
  return `No mistakes: ${parts.join("; ") || "the file makes nothing yet"}.`;
}
