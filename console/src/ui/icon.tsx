// The few icons, drawn as strokes on a 24-unit grid.

const PATHS = {
  overview: "M4 13h6V4H4zM14 20h6v-9h-6zM14 4v3h6V4zM4 20h6v-3H4z",
  alerts: "M12 3l9 16H3zM12 10v4M12 16.8v.2",
  incidents: "M4 5h16v4H4zM4 11h16v4H4zM4 17h10v3H4z",
  bell: "M6 17V11a6 6 0 0112 0v6l1.500 2h-15zM10 21h4",
  rules: "M4 6h9M4 12h6M4 18h9M16 9l2 2 3-4M16 17l2 2 3-4",
  xql: "M5 7l5 5-5 5M12 17h7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  play: "M7 5l11 7-11 7z",
  stop: "M7 7h10v10H7z",
  chevronDown: "M6 9l6 6 6-6",
  chevronLeft: "M15 6l-6 6 6 6",
  chevronRight: "M9 6l6 6-6 6",
  arrowUp: "M12 19V5M6 11l6-6 6 6",
  arrowDown: "M12 5v14M6 13l6 6 6-6",
  user: "M12 12a4 4 0 100-8 4 4 0 000 8zM4.5 20c1-4 4-5.5 7.5-5.5s6.500 1.5 7.5 5.5",
  sun: "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.4",
  search: "M11 4a7 7 0 100 14 7 7 0 000-14zM20 20l-4-4",
  warning: "M12 3l9 16H3zM12 10v4M12 16.800v.2",
  sensor: "M4.500 8.500a10 10 0 0115 0M7.500 12a6 6 0 019 0M12 16v.2",
  book: "M5 4h12a2 2 0 012 2v14H7a2 2 0 01-2-2zM5 18a2 2 0 012-2h12",
  clock: "M12 4a8 8 0 100 16 8 8 0 000-16zM12 8v4.500l3 1.5",
  external: "M9 5H5v14h14v-4M13 5h6v6M19 5l-9 9",
  dash: "M6 12h12",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16, className = "" }: { name: IconName; size?: number; className?: string }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className={`shrink-0 ${className}`}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The product's mark: a look-out over an approach. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="shrink-0">
      <rect width="32" height="32" rx="7" className="fill-[#0c5f55]" />
      <path d="M7 9l9 15 9-15" fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round" strokeLinejoin="round" />
      <circle cx="16" cy="10.5" r="2.6" fill="#8ff0dd" />
    </svg>
  );
}
