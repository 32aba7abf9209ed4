// How numbers, sizes and spans of time are written on the screen. Times of day are in time.ts.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

/** `12345` as `12,345`. */
export function count(value: number): string {
  return Number.isFinite(value) ? whole.format(value) : "–";
}

/** A count for small spaces: `9,999`, `12.3k`, `4.5M`. */
export function compact(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size < 10_000) return Number.isInteger(value) ? whole.format(value) : one.format(value);
  for (const [limit, unit] of [[1e6, "k"], [1e9, "M"], [1e12, "G"]] as const) {
    // 999,950 would round up to "1000k".
    if (size < limit * 0.99995) return one.format(value / (limit / 1000)) + unit;
  }
  return one.format(value / 1e12) + "T";
}

/** A rate for one line: `0`, `0.4`, `12`, `3.1k`. */
export function rate(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value < 10 ? one.format(value) : compact(Math.round(value));
}

/** Bytes in powers of 1,024: `812 B`, `1.4 MiB`. */
export function bytes(value: number): string {
  if (!Number.isFinite(value)) return "–";
  let size = value;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (Math.abs(size) < 1023.95 || (unit === "B" && Math.abs(size) < 1024)) {
      return `${unit === "B" ? whole.format(size) : one.format(size)} ${unit}`;
    }
    size /= 1024;
  }
  return `${one.format(size)} TiB`;
}

/** Milliseconds as `0.8 ms`, `14 ms`, `2.31 s`, `4 min 10 s`. */
export function elapsed(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return "–";
  if (milliseconds < 1) return `${one.format(milliseconds)} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
  return span(milliseconds / 1000);
}

/** A span of seconds in its two largest units: `45 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function span(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const total = Math.max(0, seconds);
  if (total < 1) return "under 1 s";
  if (total < 60) return `${Math.floor(total)} s`;
  const units = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]] as const;
  const first = units.findIndex(([, size]) => total >= size);
  const [name, size] = units[first] ?? ["s", 1];
  const next = units[first + 1];
  const rest = next ? Math.floor((total % size) / next[1]) : 0;
  return `${Math.floor(total / size)} ${name}` + (next && rest > 0 ? ` ${rest} ${next[0]}` : "");
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
