// What a form says, as the request that adds a channel or changes one; and a channel as the form shows it.

import type { Channel, ChannelEdit, ChannelShape, NewChannel, Severity } from "@/api/types";

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

/** A channel as the form shows it: its address in full, its login and its authority are not told. */
export function draftOf(channel: Channel): Draft {
  const { settings } = channel;
  return {
    ...emptyDraft(),
    kind: kindOf(channel),
    name: channel.name,
    shape: settings.shape ?? "json",
    minSeverity: settings.min_severity ?? "",
    quietFrom: settings.quiet_hours?.from ?? "",
    quietTo: settings.quiet_hours?.to ?? "",
    timezone: settings.quiet_hours?.timezone ?? emptyDraft().timezone,
    allowPrivate: settings.allow_private ?? false,
    from: settings.mail?.from ?? "",
    to: settings.mail?.to.join(", ") ?? "",
    title: settings.title ?? "",
    body: settings.body ?? "",
  };
}

function kindOf({ address, settings }: Channel): Kind {
  if (settings.mail) return "mail";
  if (address.startsWith("syslog")) return "syslog";
  return settings.shape === "slack" || settings.shape === "teams" ? settings.shape : "webhook";
}

/** What was changed: what is left empty of address, login and authority stays as it is. */
export function editOf(channel: Channel, draft: Draft): ChannelEdit {
  const { url, sources, ...rest } = { ...requestOf(draft), sources: channel.settings.sources };
  if (sources) rest.settings.sources = sources;
  return url ? { ...rest, url } : rest;
}

export const hasTexts = (kind: Kind) => kind === "slack" || kind === "teams" || kind === "mail";
export const hasTrust = (kind: Kind) => kind === "mail" || kind === "syslog" || kind === "webhook";
