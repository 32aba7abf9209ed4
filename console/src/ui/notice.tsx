// The notice of a new alert, wherever one is looking; spoken by screen readers.

import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { watchAlerts } from "@/api/live";
import type { AlertSummary } from "@/api/types";
import { Icon } from "./icon";
import { SeverityMark } from "./parts";
import { Outside } from "./text";

const SHOWN_FOR_MS = 12_000;

export function NewAlertNotice() {
  const [alert, setAlert] = useState<AlertSummary | null>(null);
  useEffect(() => watchAlerts((message) => {
    if (message.change === "opened") setAlert(message.alert);
  }), []);
  useEffect(() => {
    if (!alert) return;
    const timer = setTimeout(() => setAlert(null), SHOWN_FOR_MS);
    return () => clearTimeout(timer);
  }, [alert]);
  return (
    <div role="status" aria-live="polite" className="fixed right-4 bottom-4 z-40 max-w-sm">
      {alert && (
        <div className="flex items-start gap-3 rounded-lg border border-line-strong bg-panel p-3 shadow-lg shadow-black/25">
          <div className="min-w-0 space-y-1">
            <p className="flex items-center gap-2 text-xs text-muted">
              <SeverityMark severity={alert.severity} /> {alert.self_test ? "Self-test alert" : "New alert"}
            </p>
            <Link to="/alerts/$id" params={{ id: String(alert.id) }} className="font-medium hover:underline" onClick={() => setAlert(null)}>
              <Outside text={alert.name} max={120} />
            </Link>
          </div>
          <button type="button" aria-label="Dismiss" className="rounded p-1 text-muted hover:bg-raised" onClick={() => setAlert(null)}>
            <Icon name="cross" size={14} />
          </button>
        </div>
      )}
    </div>
  );
}
