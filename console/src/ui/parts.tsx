// The small pieces every page is made of.

import type { ButtonHTMLAttributes, ReactNode } from "react";
import { explain } from "@/api/client";
import type { AlertStatus, Severity } from "@/api/types";
import { severityName, statusName } from "@/lib/words";
import { Icon, type IconName } from "./icon";
import { Outside } from "./text";

type ButtonKind = "primary" | "plain" | "quiet" | "danger";

const BUTTON: Record<ButtonKind, string> = {
  primary: "border-transparent bg-accent-solid text-accent-ink hover:brightness-110 font-medium",
  plain: "border-line-strong bg-panel text-text hover:bg-raised",
  quiet: "border-transparent bg-transparent text-muted hover:bg-raised hover:text-text",
  danger: "border-line-strong bg-panel text-bad hover:bg-raised",
};

export function buttonClass(kind: ButtonKind = "plain"): string {
  return `inline-flex min-h-[1.875rem] items-center justify-center gap-1.5 rounded-md border px-2.5 py-1 text-sm whitespace-nowrap disabled:opacity-55 disabled:cursor-not-allowed ${BUTTON[kind]}`;
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: ButtonKind;
  icon?: IconName;
}

export function Button({ kind = "plain", icon, children, className = "", type = "button", ...rest }: ButtonProps) {
  return (
    <button type={type} className={`${buttonClass(kind)} ${className}`} {...rest}>
      {icon && <Icon name={icon} size={15} />}
      {children}
    </button>
  );
}

export function Panel({ title, actions, children, className = "", flush = false }: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
  /** No inner padding: for tables and charts that reach the edges. */
  flush?: boolean;
}) {
  return (
    <section className={`panel min-w-0 ${className}`}>
      {title && (
        <header className="flex min-h-10 items-center justify-between gap-3 border-b border-line px-3.5 py-1.5">
          <h2 className="text-sm font-semibold">{title}</h2>
          {actions && <div className="flex items-center gap-2 text-xs text-muted">{actions}</div>}
        </header>
      )}
      <div className={flush ? "" : "p-3.5"}>{children}</div>
    </section>
  );
}

/** A table with a line of headings (`th` cells) that scrolls sideways where its least width does not fit. */
export function WideTable({ width, head, children }: { width: string; head: ReactNode; children: ReactNode }) {
  return (
    <div className="overflow-x-auto">
      <table className={`w-full ${width}`}>
        <thead>
          <tr className="border-b border-line text-left text-xs text-muted">{head}</tr>
        </thead>
        <tbody className="divide-y divide-line">{children}</tbody>
      </table>
    </div>
  );
}

const SEVERITY_TEXT: Record<Severity, string> = {
  critical: "text-critical",
  high: "text-high",
  medium: "text-medium",
  low: "text-low",
  informational: "text-informational",
};

/** Severity as a word and a filled scale, so that it needs no colour to be read. */
export function SeverityMark({ severity, words = true }: { severity: Severity; words?: boolean }) {
  const level = { critical: 4, high: 3, medium: 2, low: 1, informational: 0 }[severity] ?? 0;
  return (
    <span className={`inline-flex items-center gap-1.5 font-medium whitespace-nowrap ${SEVERITY_TEXT[severity] ?? ""}`}>
      <svg width="14" height="12" viewBox="0 0 14 12" aria-hidden="true" className="shrink-0">
        {[0, 1, 2, 3].map((i) => (
          <rect key={i} x={i * 3.6} y={8 - i * 2.4} width="2.6" height={4 + i * 2.4} rx="0.8" fill="currentColor" opacity={i < level ? 1 : 0.22} />
        ))}
      </svg>
      <span className={words ? "" : "sr-only"}>{severityName[severity] ?? severity}</span>
    </span>
  );
}

export function StatusMark({ status }: { status: AlertStatus }) {
  const look = {
    new: "border-accent/60 bg-accent-soft text-text",
    in_progress: "border-line-strong bg-raised text-text",
    closed: "border-line bg-transparent text-muted",
  }[status];
  return (
    <span className={`inline-flex items-center rounded-full border px-2 py-px text-xs whitespace-nowrap ${look ?? ""}`}>
      {statusName[status] ?? status}
    </span>
  );
}

export function Tag({ children, title }: { children: ReactNode; title?: string }) {
  return (
    <span title={title} className="inline-flex max-w-full items-center rounded border border-line bg-raised px-1.5 py-px text-xs text-text">
      {children}
    </span>
  );
}

/** An honest empty state: what is not there, why, and what to do. */
export function Empty({ icon = "search", title, children }: { icon?: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-10 text-center">
      <Icon name={icon} size={22} className="text-faint" />
      <p className="font-medium">{title}</p>
      {children && <div className="max-w-xl space-y-2 text-muted">{children}</div>}
    </div>
  );
}

/** What went wrong and what to do about it. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { message, help } = explain(error);
  return (
    <div role="alert" className="flex items-start gap-2.5 rounded-md border border-bad/50 bg-panel px-3 py-2.5">
      <Icon name="warning" className="mt-0.5 text-bad" />
      <div className="min-w-0 space-y-1">
        <p><Outside text={message} max={600} /></p>
        {help && <p className="text-muted"><Outside text={help} max={600} /></p>}
        {retry && <Button onClick={retry}>Try again</Button>}
      </div>
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return <p role="status" className="px-3.5 py-6 text-muted">Loading {what}…</p>;
}

export function Dot({ tone, pulsing = false }: { tone: "good" | "bad" | "medium" | "faint" | "accent"; pulsing?: boolean }) {
  const colour = { good: "bg-good", bad: "bg-bad", medium: "bg-medium", faint: "bg-faint", accent: "bg-accent" }[tone];
  return <span aria-hidden="true" className={`inline-block size-2 shrink-0 rounded-full ${colour} ${pulsing ? "pulsing" : ""}`} />;
}

export function PageHead({ title, children, above }: { title: ReactNode; children?: ReactNode; above?: ReactNode }) {
  return (
    <header className="mb-3.5 flex min-h-[1.875rem] flex-wrap items-center justify-between gap-x-4 gap-y-2">
      <div className="min-w-0">
        {above}
        <h1 className="text-lg leading-tight font-semibold">{title}</h1>
      </div>
      {children && <div className="flex flex-wrap items-center gap-2">{children}</div>}
    </header>
  );
}
