// JSON whose integers stay exact: session numbers and hashes may exceed 2^53, and a rounded one is
// a wrong one.

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

const LONG_NUMBER = /[[:,\s]-?\d{16,}/;

/**
 * Parses JSON. An integer too large for a double becomes its decimal text, where the browser can
 * tell (JSON.parse with source access); elsewhere it is rounded as usual.
 */
export function parseExact(text: string): unknown {
  // The reviver costs several times the parse itself: only when some number is long enough.
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  const keepSource: Reviver = (_key, value, context) =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source
      ? context.source
      : value;
  return JSON.parse(text, keepSource);
}
