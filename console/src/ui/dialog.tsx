// A dialog on the browser's own <dialog>: it traps focus, closes on Escape, and needs no styles of
// its own injected.

import { type ReactNode, useEffect, useId, useRef } from "react";

export function Dialog({ title, open, onClose, children }: { title: string; open: boolean; onClose: () => void; children: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    if (open && !dialog.open) dialog.showModal();
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    <dialog ref={ref} aria-labelledby={id} onClose={onClose} className="w-[30rem] max-w-[92vw] rounded-xl border border-line-strong bg-panel p-0 shadow-xl">
      {open && (
        <div className="space-y-3.5 p-5">
          <h2 id={id} className="text-lg font-semibold">{title}</h2>
          {children}
        </div>
      )}
    </dialog>
  );
}
