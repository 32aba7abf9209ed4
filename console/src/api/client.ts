// One place that speaks HTTP: the CSRF header, the error object, exact integers, streamed lines.
// What is asked of the server, and how answers are cached, is in queries.ts.

import { parseExact } from "@/lib/json";
import type { Diagnostic, Mistake } from "./types";

const BASE = "/api/v1";

/** An error the server explained, or a connection that failed (code `unreachable`). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly help: string | null;
  readonly requestId: string | null;
  readonly retryAfter: number | null;
  readonly diagnostics: Diagnostic[];
  readonly mistakes: Mistake[];

  constructor(status: number, body: Partial<ErrorBody>) {
    super(body.message ?? `The server answered ${status} without saying why.`);
    this.status = status;
    this.code = body.code ?? "unknown";
    this.help = body.help ?? null;
    this.requestId = body.request_id ?? null;
    this.retryAfter = body.retry_after_seconds ?? null;
    this.diagnostics = Array.isArray(body.diagnostics) ? body.diagnostics : [];
    this.mistakes = Array.isArray(body.mistakes) ? body.mistakes : [];
  }
}

interface ErrorBody {
  code: string;
  message: string;
  help: string | null;
  request_id: string;
  retry_after_seconds: number;
  diagnostics: Diagnostic[];
  mistakes: Mistake[];
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A body that is sent as it stands. */
export class Plain {
  constructor(readonly text: string) {}
}

async function send(method: Method, path: string, body: unknown, signal?: AbortSignal, accept?: string) {
  const headers: Record<string, string> = { Accept: accept ?? "application/json" };
  if (method !== "GET") headers["X-Vedette-Request"] = "1";
  if (body !== undefined) headers["Content-Type"] = body instanceof Plain ? "text/plain; charset=utf-8" : "application/json";
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? null : body instanceof Plain ? body.text : JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(0, {
      code: "unreachable",
      message: "The Vedette server does not answer.",
      help: "Is it still running? On the server: systemctl status vedette, or start it with: vedette up",
    });
  }
  if (!response.ok) throw new ApiError(response.status, await errorBody(response));
  return response;
}

async function errorBody(response: Response): Promise<Partial<ErrorBody>> {
  try {
    const parsed: unknown = await response.json();
    if (parsed && typeof parsed === "object" && "error" in parsed) return (parsed.error ?? {}) as Partial<ErrorBody>;
  } catch {
    // A proxy's HTML page, for example: the status is all there is to say.
  }
  return {};
}

/** Sends a request and reads the JSON answer; `undefined` for 204. */
export async function request<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(method, path, body, signal);
  if (response.status === 204) return undefined as T;
  return parseExact(await response.text()) as T;
}

export const get = <T>(path: string, signal?: AbortSignal) => request<T>("GET", path, undefined, signal);

/** Sends a request whose answer is NDJSON, and hands over each line as it arrives. */
export async function stream<T>(path: string, onLine: (line: T) => void, signal?: AbortSignal, body?: unknown): Promise<void> {
  const response = await send("POST", path, body, signal, "application/x-ndjson");
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { done, value } = await reader.read();
    pending += value ?? "";
    const lines = pending.split("\n");
    pending = done ? "" : (lines.pop() ?? "");
    for (const line of lines) if (line.trim()) onLine(JSON.parse(line) as T);
    if (done) return;
  }
}

/** What to tell a person about anything that was thrown. */
export function explain(error: unknown): { message: string; help: string | null } {
  if (error instanceof ApiError) {
    const id = error.requestId && error.status >= 500 ? ` (request ${error.requestId})` : "";
    return { message: error.message + id, help: error.help };
  }
  return { message: error instanceof Error ? error.message : String(error), help: null };
}
