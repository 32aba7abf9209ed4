// The words of the API as the words of the screen.

import type { AlertStatus, AlertSummary, Attribution, Outcome, Resolution, Sensor, Severity } from "@/api/types";

export const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low", "informational"];

export const severityName: Record<Severity, string> = {
  critical: "Critical",
  high: "High",
  medium: "Medium",
  low: "Low",
  informational: "Info",
};

export const statusName: Record<AlertStatus, string> = {
  new: "New",
  in_progress: "In progress",
  closed: "Closed",
};

export const resolutionName: Record<Resolution, string> = {
  true_positive: "True positive",
  benign: "Benign",
  false_positive: "False positive",
  duplicate: "Duplicate",
  known_scanner: "Known scanner",
  other: "Other",
  self_test: "Self-test",
};

/** What a person may choose when closing, with what it means. */
export const RESOLUTIONS: readonly { value: Resolution; meaning: string }[] = [
  { value: "true_positive", meaning: "A real scan by someone who should not" },
  { value: "known_scanner", meaning: "Our own vulnerability scanner or inventory" },
  { value: "benign", meaning: "A real scan, allowed: a pentest, an administrator" },
  { value: "false_positive", meaning: "Not a scan at all" },
  { value: "duplicate", meaning: "Handled in another alert" },
  { value: "other", meaning: "Say why in the comment" },
];

const scanTypes: Record<string, string> = {
  tcp_syn: "TCP SYN",
  tcp_connect: "TCP connect",
  tcp_fin: "TCP FIN",
  tcp_null: "TCP NULL",
  tcp_xmas: "TCP Xmas",
  tcp_ack: "TCP ACK",
  tcp_window: "TCP window",
  tcp_maimon: "TCP Maimon",
  tcp_other: "TCP, odd flags",
  udp: "UDP",
  sctp_init: "SCTP INIT",
  sctp_cookie_echo: "SCTP COOKIE-ECHO",
  ip_protocol: "IP protocol",
  ping_sweep: "Ping sweep",
  arp_sweep: "ARP sweep",
  host_sweep: "Host sweep",
  os_detection: "OS detection",
  version_detection: "Version detection",
  script_scan: "Script scan",
  idle: "Idle scan",
};

/** `tcp_syn` as `TCP SYN`; a type this console does not know as it came. */
export function scanTypeName(type: string): string {
  return scanTypes[type] ?? type.replaceAll("_", " ");
}

/** What raised an alert. */
export const sourceName: Record<AlertSummary["source"], string> = {
  detection: "Detection",
  correlation: "Rule",
  external: "Other product",
};

export const shapeName: Record<string, string> = {
  vertical: "Vertical: many ports of one host",
  horizontal: "Horizontal: few ports over many hosts",
  block: "Block: many ports over many hosts",
  distributed: "Distributed: several sources share the work",
  decoy: "Decoy: one real source among invented ones",
};

export const attributionName: Record<Attribution, { word: string; why: string }> = {
  confirmed: { word: "Confirmed", why: "The source completed a handshake, reset its own connection, or is a local process." },
  unconfirmed: { word: "Unconfirmed", why: "Nothing proves that the source address sent the packets." },
  spoofed: { word: "Likely spoofed", why: "The source address is probably forged." },
};

export const outcomeName: Record<Outcome, { word: string; why: string }> = {
  accepted: { word: "Open", why: "The port answered as an open port does." },
  refused: { word: "Refused", why: "The target answered that the port is closed." },
  rejected: { word: "Rejected", why: "A firewall or router answered with an ICMP error." },
  unanswered: { word: "No answer", why: "Nothing came back within half a second." },
  mid_stream: { word: "Mid-stream", why: "The conversation had begun before." },
  unsolicited: { word: "Unsolicited", why: "An answer that nobody asked for." },
};

export const sensorName: Record<Sensor["state"], string> = {
  running: "Running",
  off: "Off",
  not_permitted: "Not permitted",
  failed: "Failed",
  stopped: "Stopped",
};

/** MITRE ATT&CK names for what a scan detection can carry. */
const attack: Record<string, string> = {
  TA0007: "Discovery",
  TA0043: "Reconnaissance",
  T1046: "Network Service Discovery",
  T1018: "Remote System Discovery",
  T1016: "System Network Configuration Discovery",
  T1049: "System Network Connections Discovery",
  T1082: "System Information Discovery",
  T1590: "Gather Victim Network Information",
  T1592: "Gather Victim Host Information",
  T1595: "Active Scanning",
  "T1595.001": "Scanning IP Blocks",
  "T1595.002": "Vulnerability Scanning",
  "T1595.003": "Wordlist Scanning",
};

export function attackName(id: string): string | null {
  return attack[id] ?? null;
}

const protocols: Record<number, string> = { 0: "arp", 1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp" };

export function protocolName(number: number): string {
  return protocols[number] ?? `ip ${number}`;
}

const FLAGS = [[0x01, "FIN"], [0x02, "SYN"], [0x04, "RST"], [0x08, "PSH"], [0x10, "ACK"], [0x20, "URG"], [0x40, "ECE"], [0x80, "CWR"], [0x100, "NS"]] as const;

/** TCP flag bits as their names; `none` for a NULL probe. */
export function flagNames(bits: number | null): string {
  if (bits === null) return "";
  const names = FLAGS.filter(([bit]) => bits & bit).map(([, name]) => name);
  return names.length ? names.join(" ") : "none";
}
