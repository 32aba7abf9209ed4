// What the pages before the sign-in share: the frame and the labelled fields.

import type { InputHTMLAttributes, ReactNode } from "react";
import { useId } from "react";
import { Mark } from "@/ui/icon";

export function Door({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  return (
    <main className="flex min-h-screen items-center justify-center p-5">
      <div className="w-full max-w-sm">
        <div className="mb-5 flex items-center gap-3">
          <Mark size={30} />
          <span className="text-lg font-semibold tracking-tight">Vedette</span>
        </div>
        <div className="panel space-y-4 p-5">
          <div className="space-y-1">
            <h1 className="text-lg font-semibold">{title}</h1>
            <div className="text-muted">{lead}</div>
          </div>
          {children}
        </div>
      </div>
    </main>
  );
}

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: ReactNode;
}

export function TextField({ label, hint, ...input }: FieldProps) {
  const id = useId();
  return (
    <div className="space-y-1">
      <label htmlFor={id} className="block text-sm font-medium">
        {label}
      </label>
      <input id={id} aria-describedby={hint ? `${id}-hint` : undefined} className="field w-full" {...input} />
      {hint && (
        <p id={`${id}-hint`} className="text-xs text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}
