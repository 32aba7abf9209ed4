// Files of parsing and modelling rules: what each makes, and its text, checked and kept.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type RuleFile, ruleFiles, useRuleFileChange } from "@/api/models";
import { session } from "@/api/queries";
import { bytes } from "@/lib/format";
import { Dialog } from "@/ui/dialog";
import { Button, Empty, Failure, Loading, PageHead, Tag, WideTable } from "@/ui/parts";
import { Outside } from "@/ui/text";
import { RuleFileEditor } from "./edit";

/** The file that is open: its name, or a new one. */
type Open = { name: string | null } | null;

export function ModelsPage() {
  const query = useQuery(ruleFiles);
  const me = useQuery(session);
  const may = me.data?.role === "administrator";
  const [open, setOpen] = useState<Open>(null);
  const files = query.data ?? [];
  return (
    <>
      <PageHead title="Rule files">
        <p className="text-muted">Parsing and modelling rules (.xif): MODEL makes a dataset part of <code>datamodel</code>, INGEST shapes rows as they come in.</p>
        {may && <Button kind="primary" onClick={() => setOpen({ name: null })}>New file</Button>}
      </PageHead>
      <div className="panel min-w-0">
        {query.isPending && <Loading what="the files of rules" />}
        {query.error && <div className="p-3.5"><Failure error={query.error} retry={() => void query.refetch()} /></div>}
        {query.data && files.length === 0 && (
          <Empty icon="rules" title="There are no files of rules.">
            <p>The fields of xdr_data and of the firewall's logs are mapped by rules of Vedette's own.</p>
          </Empty>
        )}
        {files.length > 0 && <Files files={files} may={may} open={(name) => setOpen({ name })} />}
      </div>
      {open && <RuleFileEditor key={open.name ?? ""} name={open.name} may={may} done={() => setOpen(null)} />}
    </>
  );
}

function Files({ files, may, open }: { files: RuleFile[]; may: boolean; open: (name: string) => void }) {
  const [removing, setRemoving] = useState<string | null>(null);
  return (
    <>
      <WideTable
        width="min-w-[46rem]"
        head={
          <>
            <th scope="col" className="py-2 pl-3.5">File</th>
            <th scope="col" className="px-2">Part of the data model</th>
            <th scope="col" className="px-2">Shapes rows of</th>
            <th scope="col" className="px-2">Rules</th>
            <th scope="col" className="w-20 px-2 text-right">Size</th>
            <th scope="col" className="w-24 pr-3.5 pl-2"><span className="sr-only">Actions</span></th>
          </>
        }
      >
        {files.map((file) => (
          <tr key={file.name} className="align-top">
            <td className="py-2 pl-3.5"><button type="button" className="underline" onClick={() => open(file.name)}><Outside text={file.name} max={80} /></button></td>
            {[file.models, file.ingests, file.rules].map((names, i) => (
              <td key={i} className="px-2 py-2"><span className="flex flex-wrap gap-1">{names.map((name) => <Tag key={name}><Outside text={name} max={60} /></Tag>)}</span></td>
            ))}
            <td className="num px-2 py-2 text-right text-muted">{bytes(file.bytes)}</td>
            <td className="py-2 pr-3.5 pl-2 text-right">{may && <Button kind="danger" aria-label={`Remove ${file.name}`} onClick={() => setRemoving(file.name)}>Remove</Button>}</td>
          </tr>
        ))}
      </WideTable>
      <Dialog title={`Remove ${removing ?? ""}`} open={removing !== null} onClose={() => setRemoving(null)}>
        {removing && <Remove name={removing} done={() => setRemoving(null)} />}
      </Dialog>
    </>
  );
}

function Remove({ name, done }: { name: string; done: () => void }) {
  const change = useRuleFileChange();
  return (
    <div className="space-y-3.5">
      <p>Its datasets leave the data model, and rows that come in are no longer shaped by it. Rows that are stored stay as they are.</p>
      {change.error && <Failure error={change.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={done}>Cancel</Button>
        <Button kind="danger" disabled={change.isPending} onClick={() => change.mutate({ kind: "remove", name }, { onSuccess: done })}>Remove</Button>
      </div>
    </div>
  );
}
