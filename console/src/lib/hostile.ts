// Text that others wrote (log lines, host names, user agents) and that may try to deceive: the
// screen shows what is there, never what it pretends to be. React escapes markup; this file deals
// with what escaping does not: direction overrides, control characters, and length.

// Control characters except tab and newline; zero-width and bidirectional marks, embeddings,
// overrides and isolates; the byte-order mark; Unicode's tag block.
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/gu;

/** Makes invisible and direction-changing characters visible: `⟨U+202E⟩`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (char) => {
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return `⟨U+${code}⟩`;
  });
}

/** The first `max` characters (code points), with `…` when cut. */
export function cut(text: string, max: number): string {
  // A code point is at most two units: short texts need no walk.
  if (text.length <= max) return text;
  let units = 0;
  let points = 0;
  for (const char of text) {
    if (points === max) return `${text.slice(0, units)}…`;
    units += char.length;
    points += 1;
  }
  return text;
}

/** Longest text put into a tooltip: browsers slow down on megabytes. */
export const TITLE_LIMIT = 2000;
