// What a form says, as the request that adds a channel.

import type { ChannelShape, NewChannel, Severity } from "@/api/types";

export type Kind = "webhook" | "slack" | "teams" | "mail" | "syslog";

export interface Draft {
  kind: Kind;
  name: string;
  url: string;
  shape: ChannelShape;
  minSeverity: Severity | "";
  quietFrom: string;
  quietTo: string;
  timezone: string;
  allowPrivate: boolean;
  from: string;
  to: string;
  username: string;
  password: string;
  trust: string;
  title: string;
  body: string;
}

export const EXAMPLE: Record<Kind, string> = {
  webhook: "https://receiver.example/hook",
  slack: "https://hooks.slack.com/services/…",
  teams: "https://….logic.azure.com/workflows/…",
  mail: "smtp://mail.example:587",
  syslog: "syslog+tls://siem.example:6514",
};

/** Shapes to choose from; chat and mail have one. */
export const SHAPES: Record<Kind, readonly ChannelShape[]> = {
  webhook: ["json", "ocsf"],
  slack: ["slack"],
  teams: ["teams"],
  mail: ["json"],
  syslog: ["cef", "json", "ocsf"],
};

export function emptyDraft(): Draft {
  return {
    kind: "webhook",
    name: "",
    url: "",
    shape: "json",
    minSeverity: "",
    quietFrom: "",
    quietTo: "",
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
    allowPrivate: false,
    from: "",
    to: "",
    username: "",
    password: "",
    trust: "",
    title: "",
    body: "",
  };
}

export function requestOf(draft: Draft): NewChannel {
  const settings: NewChannel["settings"] = {};
  const shape = SHAPES[draft.kind].includes(draft.shape) ? draft.shape : SHAPES[draft.kind][0];
  if (draft.kind === "mail") settings.mail = { from: draft.from.trim(), to: draft.to.split(/[,;\n]/).map((one) => one.trim()).filter(Boolean) };
  else if (shape) settings.shape = shape;
  if (draft.minSeverity) settings.min_severity = draft.minSeverity;
  if (draft.quietFrom && draft.quietTo) settings.quiet_hours = { from: draft.quietFrom, to: draft.quietTo, timezone: draft.timezone.trim() };
  if (draft.allowPrivate) settings.allow_private = true;
  if (hasTexts(draft.kind)) {
    if (draft.title.trim()) settings.title = draft.title;
    if (draft.body.trim()) settings.body = draft.body;
  }
  const channel: NewChannel = { name: draft.name.trim(), url: draft.url.trim(), settings };
  if (draft.kind === "mail" && draft.username) Object.assign(channel, { username: draft.username, password: draft.password });
  if (hasTrust(draft.kind) && draft.trust.trim()) channel.trust = draft.trust;
  return channel;
}

export const hasTexts = (kind: Kind) => kind === "slack" || kind === "teams" || kind === "mail";
export const hasTrust = (kind: Kind) => kind === "mail" || kind === "syslog";
