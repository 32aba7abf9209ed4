/** A colour of the current theme, for canvases, which know no CSS variables. */
export function inkOf(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim() || "#888";
}
