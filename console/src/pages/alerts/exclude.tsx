// An exclusion made from an alert: its parts to choose from, and at once what it would hide.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { suggestion } from "@/api/exclusions";
import type { Alert } from "@/api/types";
import { Dialog } from "@/ui/dialog";
import { Button, Failure, Loading } from "@/ui/parts";
import { ExclusionForm } from "../exclusions/form";

export function ExcludeButton({ alert }: { alert: Alert }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Exclude…</Button>
      <Dialog title={`Exclude alerts like ${alert.id}`} open={open} onClose={() => setOpen(false)}>
        <FromAlert id={alert.id} done={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function FromAlert({ id, done }: { id: number; done: () => void }) {
  const { data, error } = useQuery(suggestion(id));
  if (error) return <Failure error={error} />;
  if (!data) return <Loading what="the alert's facts" />;
  return <ExclusionForm start={data} alert={id} done={done} />;
}
