// Dark or light: the system's choice until a person makes their own. public/theme.js does the same
// before the first paint.

import { useSyncExternalStore } from "react";
import { read, write } from "./storage";

export type ThemeChoice = "system" | "dark" | "light";
export type Theme = "dark" | "light";

const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let choice = stored();

function stored(): ThemeChoice {
  const text = read("vedette.theme");
  return text === "dark" || text === "light" ? text : "system";
}

function resolved(): Theme {
  return choice === "system" ? (system.matches ? "dark" : "light") : choice;
}

function apply(): void {
  document.documentElement.dataset["theme"] = resolved();
  for (const listener of listeners) listener();
}

system.addEventListener("change", apply);

export function setTheme(next: ThemeChoice): void {
  choice = next;
  write("vedette.theme", next === "system" ? null : next);
  apply();
}

const subscribe = (listener: () => void) => (listeners.add(listener), () => listeners.delete(listener));

/** What is on the screen now; charts draw again when it changes. */
export const useTheme = (): Theme => useSyncExternalStore(subscribe, resolved);
export const useThemeChoice = (): ThemeChoice => useSyncExternalStore(subscribe, () => choice);
